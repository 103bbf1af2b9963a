"""The client for asyncio: one socket in the loop, and as many calls under way as a program likes.

A connection is opened on a thread, by the synchronous client, for that is where names are resolved and people asked;
then the loop takes its socket over. A call is a frame and a future: frames that are made in one step of the loop leave
in one piece, and the reply is decoded where it arrives. What a hook is in calls, packets and descriptors is the same as
for threads: `virtkit_remote.client.plans`.
"""

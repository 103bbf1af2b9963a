"""How a procedure of the wire becomes a hook of the API, and back.

Hooks are named as procedures and take the wire's arguments in order, so most of the way is the same for all of them.
What is different follows from the names and types of the fields, by the rules in `shape`:

| on the wire | at the hook |
|---|---|
| `need_results`: 0 asks for the number alone | left out: the list is made and counted |
| `maxnames`, `maxids`, ...: the caller's buffer | left out: the list is cut |
| `nparams`: 0 asks for the number of typed parameters | left out |
| `name` of a node device | its reference |
| a number where the hook says `bool` | True or False |
| no result, one, or several fields | None, the value itself, a record |
| a list and its length | the list |

The few procedures of another shape stand in `irregular`. `serving` makes the server's functions of a shape, from a
message to the payload of the reply; `calling` the client's, from a hook's arguments to its result.
tools/check_binding.py says of every procedure who answers and who calls it, and that none is missing.
"""

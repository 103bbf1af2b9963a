"""Sound cards of the guest, and the host's audio behind them."""

from __future__ import annotations

from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.domain.devices.address import Device, place
from virtkit.xml.domain.devices.parts import SMALL
from virtkit.xml.element import Element
from virtkit.xml.schema import attrchild, attrchildren, attribute, child
from virtkit.xml.values import INT, UNSIGNED, YES_NO, one_of


class Sound(Device):
    """A sound card; `audio_id` is that of its `Audio`."""

    model = attribute("model", one_of("sb16", "es1370", "pcspk", "ac97", "ich6", "ich7", "ich9", "usb"))
    codecs = attrchildren("codec", "type", one_of("duplex", "micro", "output", error=ConfigUnsupportedError))
    audio_id = attrchild("audio", "id", SMALL)
    alias = attrchild("alias", "name")
    acpi_index = attrchild("acpi", "index", UNSIGNED)
    address = place()


class AudioSettings(Element):
    """The fixed format of samples: Hz, channels, kind of number."""

    frequency = attribute("frequency", SMALL)
    channels = attribute("channels", SMALL)
    format = attribute("format", one_of("s8", "u8", "s16", "u16", "s32", "u32", "f32"))


class AudioDirection(Element):
    """Recording or playback. `buffer_length` and `latency` are in microseconds.

    Attributes:
        dev: Device (alsa, oss).
        buffer_count: Number of buffers (coreaudio, oss, sdl).
        server_name: With client_name, connect_ports, exact_name (jack).
        name: With stream_name, latency (pulseaudio).
    """

    mixing_engine = attribute("mixingEngine", YES_NO)
    fixed_settings = attribute("fixedSettings", YES_NO)
    voices = attribute("voices", SMALL)
    buffer_length = attribute("bufferLength", SMALL)
    dev = attribute("dev")
    buffer_count = attribute("bufferCount", SMALL)
    try_poll = attribute("tryPoll", YES_NO)
    server_name = attribute("serverName")
    client_name = attribute("clientName")
    connect_ports = attribute("connectPorts")
    exact_name = attribute("exactName", YES_NO)
    name = attribute("name")
    stream_name = attribute("streamName")
    latency = attribute("latency", SMALL)
    settings = child("settings", AudioSettings)


class Audio(Element):
    """Where the host's sound comes from and goes to; `timer_period` is in microseconds.

    Attributes:
        try_mmap: With exclusive, dsp_policy (oss).
        server_name: (pulseaudio).
        driver: (sdl).
        path: (file).
    """

    id = attribute("id", SMALL)
    type = attribute(
        "type",
        one_of("none", "alsa", "coreaudio", "dbus", "jack", "oss", "pulseaudio", "sdl", "spice", "file"),
    )
    timer_period = attribute("timerPeriod", SMALL)
    try_mmap = attribute("tryMMap", YES_NO)
    driver = attribute("driver", one_of("esd", "alsa", "arts", "pulseaudio"))
    path = attribute("path")
    server_name = attribute("serverName")
    exclusive = attribute("exclusive", YES_NO)
    dsp_policy = attribute("dspPolicy", INT)
    input = child("input", AudioDirection)
    output = child("output", AudioDirection)

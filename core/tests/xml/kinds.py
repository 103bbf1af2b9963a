"""The document kinds whose models are checked against the facts."""

from __future__ import annotations

from core.tests.xml.facts import Kind
from virtkit.xml.network import Network
from virtkit.xml.pool import StoragePool
from virtkit.xml.secret import Secret
from virtkit.xml.volume import StorageVolume

SOME_UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"

KINDS = {
    "network": Kind(Network, "network", "network", prefixes={"/network/options": "dnsmasq"}),
    "pool": Kind(
        StoragePool,
        "storagepool",
        "storagepool",
        prefixes={"/pool/config_opts": "rbd", "/pool/mount_opts": "fs"},
        samples={"/pool/source/auth/secret@uuid": SOME_UUID},
    ),
    "secret": Kind(Secret, "secret", "secret"),
    "volume": Kind(StorageVolume, "storagevol", "storagevol"),
}

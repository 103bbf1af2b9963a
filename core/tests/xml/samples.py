"""Documents of each kind that the real libvirt accepts, using as much of the kind as its test driver prints."""

from __future__ import annotations

NETWORKS = {
    "minimal": "<network><name>a</name></network>",
    "nat": """
        <network ipv6='yes' trustGuestRxFilters='no'>
          <name>nat &amp; more</name>
          <uuid>6695EB01F6A4830479AA97F2502E193F</uuid>
          <forward dev='eth0' mode='nat'>
            <nat ipv6='yes'><address start='10.1.0.1' end='10.1.0.9'/><port start='1024' end='65535'/></nat>
          </forward>
          <bridge name='virbr7' zone='home' stp='off' delay='5' macTableManager='libvirt'/>
          <mtu size='1400'/>
          <mac address='52:54:0:A:b:1'/>
          <domain name='example.org' localOnly='yes'/>
          <dns forwardPlainNames='no'>
            <forwarder addr='10.0.0.1'/><forwarder domain='example.org' addr='fe80::0:1'/>
            <txt name='example' value='a&quot;b'/>
            <srv service='ldap' protocol='tcp' domain='example.org' target='h' port='389' priority='1' weight='10'/>
            <host ip='10.0.0.2'><hostname>one</hostname><hostname>two</hostname></host>
          </dns>
          <bandwidth><inbound average='1000' peak='5000' burst='1024'/><outbound average='128'/></bandwidth>
          <ip address='10.0.0.1' netmask='255.255.255.0' localPtr='yes'>
            <tftp root='/var/lib/tftp'/>
            <dhcp>
              <range start='10.0.0.10' end='10.0.0.20'><lease expiry='1' unit='hours'/></range>
              <host mac='00:16:3e:77:e2:ed' name='foo' ip='10.0.0.30'><lease expiry='0'/></host>
              <bootp file='pxelinux.0' server='10.0.0.3'/>
            </dhcp>
          </ip>
          <ip family='ipv6' address='2001:DB8::0:1' prefix='64'/>
          <route address='192.168.222.0' netmask='255.255.255.0' gateway='10.0.0.5'/>
          <route family='ipv6' address='2001:db8:ca2:3::' prefix='64' gateway='2001:db8::2' metric='2'/>
        </network>""",
    "hostdev": """
        <network>
          <name>passthrough</name>
          <forward mode='hostdev' managed='yes'>
            <driver name='vfio'/>
            <address type='pci' domain='0' bus='0x3' slot='10' function='1'/>
            <address type='pci' domain='0' bus='3' slot='0' function='2'/>
          </forward>
        </network>""",
    "open virtual switch": """
        <network>
          <name>ovs</name>
          <metadata><x:one xmlns:x="http://x/1" a="1"><!-- c --><x:two/>
          </x:one><y:mixed xmlns:y="http://y/1">text <y:b>bold</y:b>
             end</y:mixed></metadata>
          <forward mode='bridge'/>
          <bridge name='ovsbr0'/>
          <vlan trunk='yes'><tag id='42' nativeMode='untagged'/><tag id='47'/></vlan>
          <port isolated='yes'/>
          <virtualport type='openvswitch'>
            <parameters profileid='p' interfaceid='09B11C53-8B5C-4EEB-8F00-D84EAA0AAA4F'/>
          </virtualport>
          <portgroup name='engineering' default='yes' trustGuestRxFilters='yes'>
            <bandwidth><inbound average='1000' burst='5120'/></bandwidth>
            <vlan><tag id='1'/></vlan>
            <virtualport type='802.1Qbg'>
              <parameters managerid='11' typeid='0x11ffff' typeidversion='2'
                          instanceid='09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f'/>
            </virtualport>
          </portgroup>
        </network>""",
}

POOLS = {
    "dir": """
        <pool type='dir'>
          <name>a</name>
          <target>
            <path>/var//images/</path>
            <permissions><mode>755</mode><owner>-1</owner><group>107</group><label>a:b</label></permissions>
          </target>
        </pool>""",
    "fs": """
        <pool type='fs'>
          <name>a</name>
          <source><device path='/dev/sda1'/><format type='ext4'/><vendor name='v'/><product name='p'/></source>
          <features><cow state='yes'/></features>
          <target><path>/mnt</path></target>
        </pool>""",
    "netfs": """
        <pool type='netfs'>
          <name>a</name>
          <source><host name='h'/><dir path='/exports//a'/><format type='nfs'/><protocol ver='3'/></source>
          <target><path>/mnt</path></target>
        </pool>""",
    "iscsi": """
        <pool type='iscsi'>
          <name>a</name>
          <source>
            <host name='h' port='3260'/>
            <device path='iqn.2001-04.com.example:a'/>
            <auth type='chap' username='u'><secret uuid='2ec115d7-3a88-3ceb-bc12-0ac909a6fd87'/></auth>
          </source>
          <target><path>/dev/disk/by-path</path></target>
        </pool>""",
    "scsi": """
        <pool type='scsi'>
          <name>a</name>
          <source>
            <adapter type='scsi_host'>
              <parentaddr unique_id='1'><address domain='0' bus='0' slot='0x1f' function='2'/></parentaddr>
            </adapter>
          </source>
          <target><path>/dev/disk/by-path</path></target>
        </pool>""",
    "fc": """
        <pool type='scsi'>
          <name>a</name>
          <source>
            <adapter type='fc_host' parent='scsi_host3' managed='yes' wwnn='20000000c9831b4b' wwpn='10000000c9831b4b'/>
          </source>
          <target><path>/dev/disk/by-path</path></target>
        </pool>""",
    "logical": """
        <pool type='logical'>
          <name>a</name>
          <source><device path='/dev/sda1'/><device path='/dev/sdb1'/><name>vg</name></source>
        </pool>""",
    "rbd": """
        <pool type='rbd'>
          <name>a</name>
          <source>
            <name>rbdpool</name>
            <host name='h1' port='6789'/><host name='h2'/>
            <auth type='ceph' username='admin'><secret usage='client.admin'/></auth>
          </source>
          <refresh><volume allocation='capacity'/></refresh>
        </pool>""",
}

VOLUMES = {
    "minimal": "<volume><name>a</name><capacity>1</capacity></volume>",
    "image": """
        <volume>
          <name>a.qcow2</name>
          <capacity unit='G'>1</capacity>
          <allocation unit='KB'>3</allocation>
          <target>
            <format type='qcow2'/>
            <permissions><mode>0644</mode><owner>107</owner><group>-1</group><label>l</label></permissions>
            <encryption format='luks'>
              <secret type='passphrase' uuid='f52a81b2-424e-490c-823d-6bd4235bc572'/>
              <cipher name='serpent' size='256' mode='xts' hash='sha256'/>
              <ivgen name='plain64' hash='sha512'/>
            </encryption>
            <compat>1.1</compat>
            <clusterSize unit='KiB'>64</clusterSize>
            <features><lazy_refcounts/><extended_l2/></features>
          </target>
          <backingStore>
            <path>/base</path>
            <format type='raw'/>
            <permissions><mode>0600</mode><owner>0</owner><group>0</group></permissions>
          </backingStore>
        </volume>""",
}

SECRETS = {
    "volume": """
        <secret ephemeral='no' private='yes'>
          <uuid>0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f</uuid>
          <description>LUKS passphrase</description>
          <usage type='volume'><volume>/var/lib/a</volume></usage>
        </secret>""",
    "name": "<secret><usage type='ceph'><name>client.admin</name></usage></secret>",
}

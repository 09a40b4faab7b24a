"""The ports that deliveries may not use by default, because well-known services that are not receivers listen there.

A request is text, and much software that does not speak HTTP obeys those of its lines that it understands: a mail
server sends the mail that a webhook's headers spell, a cache runs commands.
"""

# The "bad ports" of browsers: https://fetch.spec.whatwg.org/#port-blocking
_BROWSERS = (
    *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109),
    *(110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530),
    *(531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190),
    *(5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
)
# Services that run beside a server rather than beside a browser.
_SERVERS = (
    *(445, 3389, 5900, 5985, 5986),  # files and desktops: SMB, RDP, VNC, WinRM
    *(1433, 1521, 3306, 5432, 9042, 27017, 27018, 27019),  # SQL Server, Oracle, MySQL, PostgreSQL, Cassandra, MongoDB
    *(6379, 6380, 11211),  # Redis, memcached
    *(9200, 9300),  # Elasticsearch
    *(1883, 5671, 5672, 9092),  # MQTT, AMQP, Kafka
    *(2375, 2376, 2379, 2380, 10250),  # Docker, etcd, kubelet
)

BLOCKED_PORTS = frozenset(_BROWSERS + _SERVERS)

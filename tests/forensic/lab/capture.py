"""Everything that passes the loopback interface, put together to the byte streams that it was."""
import socket
import struct
import threading


class Capture:
    """Use as a context. `streams()` is {((address, port), (address, port)): bytes}, one for each direction."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUFFORCE if hasattr(socket, "SO_RCVBUFFORCE") else 33, 64 << 20)
        self.sock.bind(("lo", 0))
        self.sock.settimeout(0.2)
        self.packets, self.over = [], False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join(5)
        self.sock.close()

    def _run(self):
        while not self.over:
            try:
                packet, where = self.sock.recvfrom(1 << 17)
            except TimeoutError:
                continue
            if where[2] != socket.PACKET_OUTGOING:  # loopback shows each packet twice
                self.packets.append(packet)

    def streams(self):
        flows = {}
        for packet in list(self.packets):
            segment = _tcp(packet)
            if segment:
                flow, sequence, payload = segment
                flows.setdefault(flow, {}).setdefault(sequence, payload)
        return {flow: b"".join(parts[s] for s in _order(parts)) for flow, parts in flows.items()}


def _order(parts):
    """Sequence numbers from the first seen on; they may pass 2^32."""
    first = next(iter(parts))
    return sorted(parts, key=lambda s: (s - first) & 0xffffffff)


def _tcp(packet):
    """(flow, sequence, payload) of an IPv4 TCP packet with data, else None."""
    ip = packet[14:]
    if len(ip) < 40 or ip[0] >> 4 != 4 or ip[9] != 6:
        return None
    head = (ip[0] & 15) * 4
    total = struct.unpack(">H", ip[2:4])[0] or len(ip)  # 0: larger than the field can say
    source, target, sequence = struct.unpack(">HHI", ip[head:head + 8])
    payload = ip[head + (ip[head + 12] >> 4) * 4:total]
    if not payload:
        return None
    return ((socket.inet_ntoa(ip[12:16]), source), (socket.inet_ntoa(ip[16:20]), target)), sequence, payload

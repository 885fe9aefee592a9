"""Clients of others without any package: python3 clients.py URL COUNT. Each is a loop that
dials, reads until the connection ends, and comes back after a random time that doubles."""
import asyncio, base64, os, random, sys
from urllib.parse import urlsplit

url, count = urlsplit(sys.argv[1]), int(sys.argv[2])


async def connect(client):
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET {url.path or '/'} HTTP/1.1\r\nHost: {url.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nX-Wsheal-Client: {client}\r\n\r\n".encode()
    )
    try:
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in answer.split(b"\r\n")[0]:
            return False
        while await reader.read(4096):
            pass
        return True
    finally:
        writer.close()


async def live(client):
    delay = 0.2
    while True:
        try:
            if await connect(client):
                delay = 0.2
        except (OSError, asyncio.IncompleteReadError):
            pass
        await asyncio.sleep(random.uniform(0, delay))
        delay = min(2 * delay, 5)


async def main():
    await asyncio.gather(*(live(i) for i in range(count)))


asyncio.run(main())

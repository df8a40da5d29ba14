"""A service that fans streams of JSON out to subscribers: an asyncio program with bursts. asyncio_service.py BURSTS"""

import asyncio
import json
import random
import sys

STREAMS, SUBSCRIBERS, EVENTS = 3, 4, 120


async def read(stream, taken):
    events = []
    for event in stream:
        events.append(json.loads(event))
        if len(events) % 20 == 0:
            await asyncio.sleep(0)
    taken.append(sum(len(event["text"]) for event in events))


async def main(bursts):
    chance = random.Random(1)
    text = "".join(chance.choices("abcdefgh ijklmnop", k=30_000))
    taken = []
    for _ in range(bursts):
        streams = [
            [json.dumps({"step": step, "text": text[: chance.randrange(1_000, 30_000)]}) for step in range(EVENTS)]
            for _ in range(STREAMS)
        ]
        await asyncio.gather(*(read(stream, taken) for stream in streams for _ in range(SUBSCRIBERS)))
    print(sum(taken))


asyncio.run(main(int(sys.argv[1])))

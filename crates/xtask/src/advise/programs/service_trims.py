"""The service of app.py, which calls malloc_trim(0) once nothing was requested for TRIM_IDLE_MS."""

import asyncio
import ctypes
import os

from app import app as service

IDLE = int(os.environ["TRIM_IDLE_MS"]) / 1000
trim = ctypes.CDLL(None).malloc_trim
timer = None


async def app(scope, receive, send):
    global timer
    if timer:
        timer.cancel()
    try:
        await service(scope, receive, send)
    finally:
        if timer:
            timer.cancel()
        timer = asyncio.get_running_loop().call_later(IDLE, trim, 0)

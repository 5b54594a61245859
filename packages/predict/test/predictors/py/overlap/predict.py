import asyncio

from cog import AsyncConcatenateIterator


async def predict(name: str, n: int = 3, wait_ms: int = 20) -> AsyncConcatenateIterator[str]:
    for step in range(n):
        print(f"{name} {step}")
        yield f"{name}{step}"
        await asyncio.sleep(wait_ms / 1000)

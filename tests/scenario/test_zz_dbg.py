import asyncio
from tests.scenario.test_link import *
async def test_dbg(stage):
    screen = await ask(stage, stage.mia, MIA_ADDRESS)
    code = await codes_for(stage, MIA_ADDRESS)
    for _ in range(4):
        await asyncio.sleep(0.5)
        print([tuple(r) for r in stage.rows("SELECT id,kind,run_at,attempts,lease_until,done_at,last_error FROM jobs")])
    print(stage.bot.log_tail())
    assert 0

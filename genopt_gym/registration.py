"""Every id of the suite, in one table."""

from __future__ import annotations

from typing import NamedTuple

import gymnasium as gym


class Row(NamedTuple):
    """One environment: its id, its task, how many updates a run has unless ``gym.make`` says otherwise, and whether
    its scores can differ from run to run."""

    id: str
    task: str
    updates: int
    nondeterministic: bool = False


BBEH = (  # noqa: SIM905
    "BoardgameQA BooleanExpressions BuggyTables CausalUnderstanding DisambiguationQA DyckLanguages "
    "GeometricShapes Hyperbaton Linguini MovieRecommendation MultistepArithmetic NYCC ObjectCounting "
    "ObjectProperties SARCTriples ShuffledObjects SpatialReasoning SportQA TemporalSequence "
    "TimeArithmetic WebOfLies WordSorting ZebraPuzzles"
).split()
REASONING = (  # noqa: SIM905
    "BaseConversion BasicArithmetic CalendarArithmetic CircuitLogic CourseSchedule FamilyRelationships "
    "KnightsKnaves LegCounting ShortestPath StringManipulation Syllogism TimeIntervals WordSorting "
    "ZebraPuzzles"
).split()

DISCOVERY = (
    *("circles:CirclePacking26", "circles:CirclePacking32", "circles:CirclePackingRectangle21"),
    *("overlap:ErdosMinimumOverlap", "autocorrelation:FirstAutocorrelation", "autocorrelation:SecondAutocorrelation"),
    *("autocorrelation:ThirdAutocorrelation", "uncertainty:UncertaintyInequality"),
    *("sums_differences:SumsAndDifferences", "heilbronn:HeilbronnTriangle11", "heilbronn:HeilbronnConvex13"),
    *("heilbronn:HeilbronnConvex14", "distances:MinMaxDistance2D16", "distances:MinMaxDistance3D14"),
    *("hexagons:HexagonPacking11", "hexagons:HexagonPacking12", "kissing:KissingNumber11", "cap_set:CapSet8"),
)
"""Module and class of each open problem; the class names the id."""

TABLE = (
    Row("GenOpt/Control-Acrobot-v0", "genopt_gym.envs.control.acrobot:Acrobot", 20),
    Row("GenOpt/Control-CartPole-v0", "genopt_gym.envs.control.cart_pole:CartPole", 20),
    Row("GenOpt/Control-LunarLander-v0", "genopt_gym.envs.control.lunar_lander:LunarLander", 20),
    Row("GenOpt/Control-MountainCar-v0", "genopt_gym.envs.control.mountain_car:MountainCar", 20),
    Row("GenOpt/Control-Pendulum-v0", "genopt_gym.envs.control.pendulum:Pendulum", 20),
    Row("GenOpt/Policy-Any-v0", "genopt_gym.envs.policy:AnyPolicy", 20),
    Row("GenOpt/Atari-Asterix-v0", "genopt_gym.envs.atari.asterix:Asterix", 30),
    Row("GenOpt/Atari-Breakout-v0", "genopt_gym.envs.atari.breakout:Breakout", 30),
    Row("GenOpt/Atari-Enduro-v0", "genopt_gym.envs.atari.enduro:Enduro", 30),
    Row("GenOpt/Atari-Freeway-v0", "genopt_gym.envs.atari.freeway:Freeway", 30),
    Row("GenOpt/Atari-Pong-v0", "genopt_gym.envs.atari.pong:Pong", 20),
    Row("GenOpt/Atari-Qbert-v0", "genopt_gym.envs.atari.qbert:Qbert", 30),
    Row("GenOpt/Atari-Seaquest-v0", "genopt_gym.envs.atari.seaquest:Seaquest", 30),
    Row("GenOpt/Atari-SpaceInvaders-v0", "genopt_gym.envs.atari.space_invaders:SpaceInvaders", 20),
    Row("GenOpt/Heuristics-BinPacking-v0", "genopt_gym.envs.heuristics.bin_packing:BinPacking", 30),
    Row("GenOpt/Heuristics-CacheReplacement-v0", "genopt_gym.envs.heuristics.cache_replacement:CacheReplacement", 30),
    Row("GenOpt/Heuristics-JobShop-v0", "genopt_gym.envs.heuristics.job_shop:JobShopDispatch", 30),
    Row(
        "GenOpt/Heuristics-TravellingSalesman-v0",
        "genopt_gym.envs.heuristics.travelling_salesman:TravellingSalesman",
        30,
    ),
    Row("GenOpt/MiniGrid-DoorKey-v0", "genopt_gym.envs.minigrid:DoorKey", 30),
    Row("GenOpt/MiniGrid-DynamicObstacles-v0", "genopt_gym.envs.minigrid:DynamicObstacles", 30),
    Row("GenOpt/MiniGrid-KeyCorridor-v0", "genopt_gym.envs.minigrid:KeyCorridor", 30),
    Row("GenOpt/MiniGrid-LavaCrossing-v0", "genopt_gym.envs.minigrid:LavaCrossing", 30),
    Row("GenOpt/MiniGrid-Memory-v0", "genopt_gym.envs.minigrid:Memory", 30),
    Row("GenOpt/MiniGrid-MultiRoom-v0", "genopt_gym.envs.minigrid:MultiRoom", 30),
    Row("GenOpt/MiniGrid-ObstructedMaze-v0", "genopt_gym.envs.minigrid:ObstructedMaze", 30),
    Row("GenOpt/MLAgentBench-HousePrice-v0", "genopt_gym.envs.mlagentbench.house_price:HousePrice", 20),
    Row(
        "GenOpt/MLAgentBench-SpaceshipTitanic-v0", "genopt_gym.envs.mlagentbench.spaceship_titanic:SpaceshipTitanic", 20
    ),
    Row("GenOpt/MLAgentBench-Vectorization-v0", "genopt_gym.envs.mlagentbench.vectorization:Vectorization", 20, True),
    Row("GenOpt/NetHack-Eat-v0", "genopt_gym.envs.nethack.tasks:NetHackEat", 30),
    Row("GenOpt/NetHack-Gold-v0", "genopt_gym.envs.nethack.tasks:NetHackGold", 30),
    Row("GenOpt/NetHack-Score-v0", "genopt_gym.envs.nethack.tasks:NetHackScore", 30),
    Row("GenOpt/NetHack-Staircase-v0", "genopt_gym.envs.nethack.tasks:NetHackStaircase", 30),
    Row("GenOpt/Tabular-Digits-v0", "genopt_gym.envs.bundled:Digits", 20),
    Row("GenOpt/Tabular-Friedman-v0", "genopt_gym.envs.bundled:Friedman", 20),
    *(Row(f"GenOpt/BBEH-{name}-v0", f"genopt_gym.envs.bbeh.tasks:{name}", 15) for name in BBEH),
    *(
        Row(f"GenOpt/Discovery-{task.partition(':')[2]}-v0", f"genopt_gym.envs.discovery.{task}", 20)
        for task in DISCOVERY
    ),
    *(Row(f"GenOpt/Reasoning-{name}-v0", f"genopt_gym.envs.reasoning:{name}", 15) for name in REASONING),
)

GAMES = tuple((row.id.replace("Atari", "Objects"), row.task) for row in TABLE if row.id.startswith("GenOpt/Atari-"))
"""The inner games as environments of their own: id, and the task that knows the game and how long it may take."""

FUNCTION = Row("GenOpt/Function-Any-v0", "genopt_gym.envs.function:FunctionTask", 20)
"""Somebody's own function (``genopt_gym.wrap``); not in the table, for by itself it has no artifact and no metric."""
EXAMPLES = Row("GenOpt/Function-Examples-v0", "genopt_gym.envs.examples:ExampleTask", 20)
"""The same over somebody's own examples."""
NESTED = Row("GenOpt/Nested-Proposer-v0", "genopt_gym.envs.nested:NestedProposer", 10, True)
"""Prompts of an optimizer; not in the table, for it takes a model."""


def register_all() -> None:
    """Make every id known to Gymnasium; nothing heavy is imported before an environment is made."""
    for row in (*TABLE, FUNCTION, EXAMPLES, NESTED):
        gym.register(
            row.id,
            entry_point="genopt_gym.env:OptimizationEnv",
            max_episode_steps=row.updates,
            nondeterministic=row.nondeterministic,
            vector_entry_point="genopt_gym.vector:OptimizationVectorEnv",
            kwargs={"task": row.task},
        )
    for id, task in GAMES:
        gym.register(id, entry_point="genopt_gym.envs.atari.objects:ObjectsEnv", kwargs={"task": task})

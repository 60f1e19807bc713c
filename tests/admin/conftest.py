from tests.admin.world import shared_world, world, world_on_both

__all__ = ["shared_world", "world", "world_on_both"]

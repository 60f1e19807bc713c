from tests.admin.world import world, world_on_both

__all__ = ["world", "world_on_both"]

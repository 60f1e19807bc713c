"""Schema history: numbered revisions, each applied whole or not at all."""

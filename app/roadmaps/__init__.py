"""Road maps as data: templates of a department's year, and blocks of a school's own road map.

Pure: files go in, checked values come out; nothing here knows the database or the web.

::

    template.py   a shipped template: sections and measures, read strictly
    blocks.py     blocks of measures for a school, and which of them fit the signs of its case
    changes.py    what a newer version of a template changes in a running programme
"""

from app.roadmaps.blocks import Block, BlockMeasure, Chosen, Signs, choose, load_blocks
from app.roadmaps.changes import Change, changes, newer
from app.roadmaps.template import Measure, Section, Template, load_templates, read_template

__all__ = [
    "Block",
    "BlockMeasure",
    "Change",
    "Chosen",
    "Measure",
    "Section",
    "Signs",
    "Template",
    "changes",
    "choose",
    "load_blocks",
    "load_templates",
    "newer",
    "read_template",
]

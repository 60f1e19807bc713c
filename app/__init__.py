"""Obektiv: finds schools whose results show signs of bias and leads each case to an honest closure.

The map
-------
Pure engines (values in, values out; no database, no web):
    ``ingest`` reads workbooks, ``detectors`` finds signs, ``documents`` makes PDF.
The one stateful middle:
    ``workflows`` over ``models``; every change of state has one verb here.
Thin edges (say who and when, then commit):
    ``admin``, ``api``, ``jobs``, ``cli``.

Importing this package imports nothing else: a detector must load without Flask.
"""

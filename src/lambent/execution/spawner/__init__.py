"""The spawner: the only privileged process. Single-threaded, standard library only, one loop.

What it takes from core is checked in `requests.py`; code is named by digest, never by a path.
"""

"""The work: reading Dialogporten into the archive and saying what needs doing.

Data walks one way: token → page of list items → plan → detail payloads → rows and history → verdict.
"""

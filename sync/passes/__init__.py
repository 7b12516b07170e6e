"""The passes: what to read next, what an answer means for the archive, and what changed.

Lives here: planning and carrying out a pass (`planner`, `reading`, `opening`), turning bodies into rows (`items`,
`normalise`, `children`, `texts`, `parties`), telling a real difference from a volatile one (`canonical`, `differences`,
`remember`). Does not live here: HTTP (`sync.dialogporten`) and SQL (`store`); nothing below imports httpx or
SQLAlchemy.
"""

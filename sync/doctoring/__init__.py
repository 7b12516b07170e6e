"""What `dialogarkiv doctor` finds out, and how it explains it.

`report` is the outcome as data, `causes` says what is likely behind each failure; both are pure. `keys` and `persons`
look at what a connection proves itself with; `server`, `access` and `shelf` ask, respectively, the servers,
Dialogporten as one identity, and the archive; `examine` puts the questions in order. Nothing here opens a dialog, makes
an archive, or writes to one, but for a person's login that had to be renewed. How a report looks on screen is the
command's matter.
"""

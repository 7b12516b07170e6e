"""What `dialogarkiv doctor` finds out, and how it explains it.

`report` is the outcome as data, `causes` says what is likely behind each failure; both are pure. `server`, `access`
and `shelf` ask, respectively, the servers, Dialogporten as one identity, and the archive; `examine` puts the questions
in order. Nothing here opens a dialog, writes to the archive, or makes one. How a report looks on screen is the
command's matter.
"""

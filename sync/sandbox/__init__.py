"""A Dialogporten to run against: demo, tests, trying things out.

Here live the world (dialogs and what may be done to them), the end-user API, the service-owner writes that make
state, the control interface, the token endpoint and the demo inbox. Nothing here is used when a real inbox is
read, and nothing here knows the archive.
"""

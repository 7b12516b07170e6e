"""What the operator says: settings file and environment, named environments, keys and secrets, logging.

Start with `config.settings.load`. Everything wrong that can be seen without asking anybody is told here, all at
once, as one `config.errors.ConfigError` (exit code 2). Nothing here opens a connection or knows the archive.
"""

"""`lambent up` once it runs: parent and subreaper of core and spawner. Standard library only."""

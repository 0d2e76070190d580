"""For those who test their functions: what AWS's event sources send."""

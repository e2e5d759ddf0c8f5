"""Whether machine, project and store are well, and the commands that mend them."""

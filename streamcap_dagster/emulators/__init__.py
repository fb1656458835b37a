"""Services of others on this machine, over real HTTP: to rehearse against without keys and bills, and for our own tests."""

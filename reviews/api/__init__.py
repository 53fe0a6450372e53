"""The REST interface to the process: proposals and all their moves. It calls the services that the pages call.

A request becomes clean members (`bodies`, `changes`), a service decides, what it refuses becomes a problem (`refusals`), and
what stands then is shown (`rendering`).
"""

"""Two small drivers, async and blocking, that carry a flow's commands out over httpx.

The only home of httpx. Only the API that httpx and its maintained fork httpx2 share is used, so a
caller may hand in either's client, with proxies, TLS settings or transport of their own. Their
exceptions are told apart by class name, for the same reason.
"""

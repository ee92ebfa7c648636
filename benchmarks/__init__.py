"""How fast the service is, beside others on the same machine in the same run: `python -m benchmarks --help`.

__main__    the command: what is measured how often, and what is written
cases       what is done to a server and what is taken down: a crowd, a flood, a storm, posts, latency
systems     the servers: ours on SQLite and on PostgreSQL, and its peers (peers/, floor.c, nchan.conf)
stands      what ours stands on: PostgreSQL, Redis, a database with history in it
load        the processes that make the load: `listen` holds streams, `send` posts
rows        what must be reached, and whether it is
table       what is printed, plot what is drawn
"""

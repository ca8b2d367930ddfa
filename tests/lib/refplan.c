/* Slow, obvious reference planner; see refplan.h. */

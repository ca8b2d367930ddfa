/* Where a driver finds its shepherd. */
#ifndef SUAN_DRIVER_SHEPHERD_H
#define SUAN_DRIVER_SHEPHERD_H

#define SUAN_SHEPHERD_SOCKET "socket" /* in the state folder */

#endif

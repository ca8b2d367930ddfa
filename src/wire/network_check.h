/* Checks of a whole network that was read from YAML: names, hubs, ends of links. */
#ifndef SUAN_WIRE_NETWORK_CHECK_H
#define SUAN_WIRE_NETWORK_CHECK_H

#include "wire/network.h"
#include "wire/yaml.h"

/* y is what net was read from; errors say where it stands in file_name. */
SUAN_MUSTUSE enum suan_code suan_network_check(const struct suan_network *net,
					       const struct suan_yaml *y, const char *file_name,
					       struct suan_err *err);

#endif

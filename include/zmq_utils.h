/* SPDX-License-Identifier: MPL-2.0 */

/* Deprecated: zmq.h has everything that used to be here. */

#include "zmq.h"

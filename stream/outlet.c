#include "stream/outlet.h"

#include <string.h>

bool outlet_send(struct outlet *outlet, const char *text, size_t length)
{
    char *room = outlet ? outlet->begin(outlet, MESSAGE_CONTROL, length) : NULL;

    if (!room)
        return false;
    memcpy(room, text, length);
    outlet->end(outlet, length);
    return true;
}

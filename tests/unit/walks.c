#include "walks.h"

static unsigned long long state;

void walk_begin(unsigned seed)
{
    state = 0x9E3779B97F4A7C15ull * (seed + 1);
}

int walk_draw(int most)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int)((state >> 33) % (unsigned)most);
}

bool walk_once_in(int times)
{
    return walk_draw(times) == 0;
}

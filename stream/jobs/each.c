#include "stream/jobs/each.h"

#include "core/log.h"
#include "stream/signals.h"

bool for_each(struct work *work, const struct rows *rows, size_t size,
              bool (*settle)(struct work *work, void *row))
{
    for (size_t i = 0; i < rows->count && !signals_ended(); i++) {
        void *row = (char *)rows->at + i * size;
        struct work one = {.id = work->id, .db = work->db, .config = work->config};
        bool ok, away;

        one.tenant = *(const int64_t *)row;
        ok = settle(&one, row);
        away = !ok && one.error.what == BUSY;
        if (!ok && !away)
            log_warning(&one, "sweep.failed", "code=%s text=\"%s\"", failure_code(one.error.what),
                        one.error.message);
        work->error = one.error;
        work_end(&one);
        if (away)
            return false;
    }
    return true;
}

/*
 * The APIs that this program speaks.
 */
#include "domain/callback_journal.h"
#include "fcgi/callback/callback.h"
#include "fcgi/dialect.h"
#include "fcgi/janitor.h"
#include "fcgi/kwickphone/kwickphone.h"
#include "fcgi/phony/calls.h"
#include "fcgi/phony/phony.h"
#include "fcgi/site/site.h"
#include "fcgi/stateset/stateset.h"
#include "fcgi/twilio/taskrouter.h"
#include "fcgi/twilio/twilio.h"

/* The last one answers what belongs to none. */
const struct dialect *const dialects[] = {&stateset,
                                          &stateset_admin,
                                          &stateset_operator,
                                          &stateset_health,
                                          &stateset_translation,
                                          &stateset_sessions,
                                          &stateset_supervisors,
                                          &stateset_escalations,
                                          &stateset_automations,
                                          &stateset_tools,
                                          &stateset_test_function,
                                          &stateset_tasks,
                                          &stateset_queues,
                                          &stateset_sweeps,
                                          &stateset_call_logs,
                                          &stateset_voice_sessions,
                                          &stateset_make_call,
                                          &stateset_results,
                                          &kwickphone,
                                          &twilio_2010,
                                          &twilio_taskrouter,
                                          &phony,
                                          &phony_calls,
                                          &phony_overrides,
                                          &phony_analytics,
                                          &healthz,
                                          &callbacks,
                                          &sip_calls,
                                          &hooks,
                                          &probes,
                                          &site};
const size_t dialects_count = COUNT(dialects);

journal_apply *const journal_applier = callback_replay;

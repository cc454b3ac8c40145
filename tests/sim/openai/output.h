/*
 * openai/output.h - what a response produces, item by item, at its pace.
 */
#ifndef SIM_OPENAI_OUTPUT_H
#define SIM_OPENAI_OUTPUT_H

#include "openai/response.h"

/* Produces the items of the plan from the next one on, then finishes the response. */
void output_next(struct response *response);

/* One more piece of audio that was on its way when the response was interrupted. */
void output_stale(struct response *response);

/* Ends the item in hand, if there is one, as incomplete. */
void output_cut(struct response *response);

#endif

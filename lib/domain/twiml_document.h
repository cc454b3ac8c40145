/*
 * domain/twiml_document.h - reading XML from outside: no DTD, no entities, no network, bounded.
 */
#ifndef DOMAIN_TWIML_DOCUMENT_H
#define DOMAIN_TWIML_DOCUMENT_H

#include <libxml/tree.h>

#include "core/arena.h"
#include "core/text.h"

/*
 * Parses a document of at most TWIML_SIZE_LIMIT bytes, whose elements lie at most TWIML_DEPTH_LIMIT
 * deep and are no more than TWIML_ELEMENT_LIMIT; NULL when it is none such.  The caller ends it
 * with xmlFreeDoc().
 */
xmlDoc *twiml_document(const char *text, size_t length);

/* An element's name with its prefix ("amazon:effect"), an attribute's ("xml:lang"). In the arena.
 */
const char *twiml_name(struct arena *arena, const xmlChar *name, const xmlNs *prefix);

/* The attribute of that (prefixed) name, in the arena; NULL when there is none. */
const char *twiml_value(struct arena *arena, const xmlNode *node, const char *name);

/* The text that stands directly in the element, without the blanks around it. In the arena. */
const char *twiml_text(struct arena *arena, const xmlNode *node);

/* Writes an element as it was read, with all that is in it. */
void twiml_put_node(struct text *out, const xmlNode *node);

#endif

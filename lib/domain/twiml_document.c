#include "domain/twiml_document.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "domain/customer_twiml.h"

/* A document type is where entities come from; TwiML has none. */
static void refuse_type(void *context, const xmlChar *name, const xmlChar *id,
                        const xmlChar *system)
{
    xmlParserCtxt *parser = context;

    (void)name;
    (void)id;
    (void)system;
    parser->wellFormed = 0;
    xmlStopParser(parser);
}

/* Counts elements below a node; false when they are too many or lie too deep. */
static bool is_bounded(const xmlNode *node, int depth, size_t *count)
{
    if (depth > TWIML_DEPTH_LIMIT)
        return false;
    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE &&
            (++*count > TWIML_ELEMENT_LIMIT || !is_bounded(child, depth + 1, count)))
            return false;
    return true;
}

xmlDoc *twiml_document(const char *text, size_t length)
{
    xmlParserCtxt *parser;
    xmlDoc *document = NULL;
    size_t count = 0;
    bool ok;

    if (length == 0 || length > TWIML_SIZE_LIMIT)
        return NULL;
    xmlInitParser();
    parser = xmlNewParserCtxt();
    if (!parser)
        abort();
    parser->sax->internalSubset = refuse_type;
    document = xmlCtxtReadMemory(parser, text, (int)length, NULL, NULL,
                                 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                     XML_PARSE_NOCDATA | XML_PARSE_COMPACT);
    ok = document && parser->wellFormed && xmlDocGetRootElement(document) &&
         is_bounded((xmlNode *)document, 0, &count);
    if (!ok && document)
        xmlFreeDoc(document);
    xmlFreeParserCtxt(parser);
    return ok ? document : NULL;
}

const char *twiml_name(struct arena *arena, const xmlChar *name, const xmlNs *prefix)
{
    if (!prefix || !prefix->prefix)
        return arena_text(arena, (const char *)name);
    return arena_format(arena, "%s:%s", (const char *)prefix->prefix, (const char *)name);
}

const char *twiml_value(struct arena *arena, const xmlNode *node, const char *name)
{
    for (const xmlAttr *at = node->properties; at; at = at->next) {
        xmlChar *value;
        char *copy;

        if (strcmp(twiml_name(arena, at->name, at->ns), name) != 0)
            continue;
        value = xmlNodeListGetString(node->doc, at->children, 1);
        copy = arena_text(arena, value ? (const char *)value : "");
        xmlFree(value);
        return copy;
    }
    return NULL;
}

const char *twiml_text(struct arena *arena, const xmlNode *node)
{
    struct text text = {.arena = arena};
    const char *at;
    size_t length;

    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_TEXT_NODE && child->content)
            text_put(&text, (const char *)child->content);
    at = text.at ? text.at : "";
    at += strspn(at, " \t\r\n");
    length = strlen(at);
    while (length && strchr(" \t\r\n", at[length - 1]))
        length--;
    return arena_copy(arena, at, length);
}

void twiml_put_node(struct text *out, const xmlNode *node)
{
    xmlBuffer *buffer = xmlBufferCreate();

    if (!buffer)
        abort();
    if (xmlNodeDump(buffer, node->doc, (xmlNode *)(uintptr_t)node, 0, 0) < 0)
        abort();
    text_bytes(out, (const char *)xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer));
    xmlBufferFree(buffer);
}

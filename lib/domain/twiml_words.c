#include "domain/twiml_words.h"

#include <string.h>

#include "core/column.h" /* COUNT */

/* clang-format off */

#define PLAIN(attribute) {attribute, AS_IT_IS, NULL, NULL}
#define OWN(attribute)   {attribute, OWN_ONLY, NULL, NULL}
#define ASKS(attribute, how) {attribute, ASKED, how, NULL}, {how, METHOD, NULL, NULL}
#define TELLS(attribute, how, kind) {attribute, TOLD, how, kind}, {how, METHOD, NULL, NULL}
#define ACTION ASKS("action", "method")
#define RECORDING_NEWS                                                                             \
    TELLS("recordingStatusCallback", "recordingStatusCallbackMethod", "recording"),                \
    {"recordingStatusCallbackEvent", EVENTS, NULL, NULL}
#define LEG_NEWS                                                                                   \
    TELLS("statusCallback", "statusCallbackMethod", "status"),                                     \
    {"statusCallbackEvent", EVENTS, NULL, NULL}
#define DETECTION                                                                                  \
    PLAIN("machineDetection"), PLAIN("machineDetectionTimeout"),                                   \
    PLAIN("machineDetectionSpeechThreshold"), PLAIN("machineDetectionSpeechEndThreshold"),         \
    PLAIN("machineDetectionSilenceTimeout"),                                                       \
    TELLS("amdStatusCallback", "amdStatusCallbackMethod", "amd")
#define END {NULL, 0, NULL, NULL}

static const struct twiml_attribute none[] = {END};
static const struct twiml_attribute say[] = {PLAIN("voice"), PLAIN("language"), PLAIN("loop"), END};
static const struct twiml_attribute play[] = {PLAIN("loop"), PLAIN("digits"), END};
static const struct twiml_attribute pause_[] = {PLAIN("length"), END};
static const struct twiml_attribute gather[] = {
    PLAIN("input"), ACTION, PLAIN("timeout"), PLAIN("finishOnKey"), PLAIN("numDigits"),
    PLAIN("speechTimeout"), PLAIN("language"), PLAIN("hints"), PLAIN("speechModel"),
    PLAIN("enhanced"), PLAIN("profanityFilter"), PLAIN("actionOnEmptyResult"), PLAIN("bargeIn"),
    PLAIN("maxSpeechTime"), TELLS("partialResultCallback", "partialResultCallbackMethod", "other"),
    END};
static const struct twiml_attribute record[] = {
    ACTION, PLAIN("timeout"), PLAIN("finishOnKey"), PLAIN("maxLength"), PLAIN("playBeep"),
    PLAIN("trim"), RECORDING_NEWS, PLAIN("transcribe"),
    {"transcribeCallback", TOLD, NULL, "other"}, END};
static const struct twiml_attribute dial[] = {
    ACTION, PLAIN("timeout"), PLAIN("timeLimit"), {"callerId", CALLER, NULL, NULL},
    PLAIN("answerOnBridge"), PLAIN("hangupOnStar"), PLAIN("record"), RECORDING_NEWS,
    PLAIN("recordingTrack"), PLAIN("trim"), PLAIN("ringTone"), PLAIN("sequential"),
    ASKS("referUrl", "referMethod"), PLAIN("callReason"), END};
static const struct twiml_attribute number[] = {
    PLAIN("sendDigits"), ASKS("url", "method"), LEG_NEWS, OWN("byoc"), DETECTION, END};
static const struct twiml_attribute client[] = {ASKS("url", "method"), LEG_NEWS, END};
static const struct twiml_attribute sip[] = {
    PLAIN("username"), PLAIN("password"), ASKS("url", "method"), LEG_NEWS, DETECTION, END};
static const struct twiml_attribute queue[] = {
    ASKS("url", "method"), OWN("reservationSid"), OWN("postWorkActivitySid"), END};
static const struct twiml_attribute conference[] = {
    PLAIN("muted"), PLAIN("beep"), PLAIN("startConferenceOnEnter"), PLAIN("endConferenceOnExit"),
    PLAIN("participantLabel"), OWN("coach"), ASKS("waitUrl", "waitMethod"),
    PLAIN("maxParticipants"), PLAIN("record"), PLAIN("trim"), PLAIN("jitterBufferSize"),
    PLAIN("region"), TELLS("statusCallback", "statusCallbackMethod", "conference"),
    PLAIN("statusCallbackEvent"), RECORDING_NEWS, END};
static const struct twiml_attribute enqueue[] = {
    ACTION, ASKS("waitUrl", "waitUrlMethod"), OWN("workflowSid"), PLAIN("maxQueueSize"), END};
static const struct twiml_attribute task[] = {PLAIN("priority"), PLAIN("timeout"), END};
static const struct twiml_attribute redirect[] = {{"method", METHOD, NULL, NULL}, END};
static const struct twiml_attribute sms[] = {
    ACTION, PLAIN("to"), PLAIN("from"), {"statusCallback", TOLD, NULL, "other"}, END};
static const struct twiml_attribute reject[] = {PLAIN("reason"), END};
static const struct twiml_attribute start[] = {ACTION, END};
static const struct twiml_attribute stopped[] = {PLAIN("name"), END};
static const struct twiml_attribute recording[] = {
    PLAIN("channels"), PLAIN("track"), PLAIN("trim"), RECORDING_NEWS, END};
static const struct twiml_attribute stream[] = {
    {"url", SOCKET, NULL, NULL}, PLAIN("name"), PLAIN("track"),
    TELLS("statusCallback", "statusCallbackMethod", "stream"), END};
static const struct twiml_attribute relay[] = {
    {"url", SOCKET, NULL, NULL}, PLAIN("welcomeGreeting"), PLAIN("welcomeGreetingInterruptible"),
    PLAIN("language"), PLAIN("ttsLanguage"), PLAIN("transcriptionLanguage"), PLAIN("ttsProvider"),
    PLAIN("voice"), PLAIN("transcriptionProvider"), PLAIN("speechModel"), PLAIN("interruptible"),
    PLAIN("interruptSensitivity"), PLAIN("dtmfDetection"), PLAIN("reportInputDuringAgentSpeech"),
    PLAIN("preemptible"), PLAIN("hints"), PLAIN("deepgramSmartFormat"),
    PLAIN("deepgramsmartformat"), PLAIN("elevenlabsTextNormalization"), OWN("intelligenceService"),
    PLAIN("events"), PLAIN("debug"), PLAIN("partialPrompts"), PLAIN("ignoreBackchannel"),
    PLAIN("ignorebackchannel"), PLAIN("speechTimeout"), PLAIN("speechtimeout"),
    PLAIN("eotThreshold"), OWN("conversationConfiguration"), OWN("conversationId"),
    PLAIN("profanityFilter"), PLAIN("backgroundNoiseReduction"), PLAIN("backgroundnoisereduction"),
    PLAIN("turnDetection"), END};
static const struct twiml_attribute language[] = {
    PLAIN("code"), PLAIN("ttsProvider"), PLAIN("voice"), PLAIN("transcriptionProvider"),
    PLAIN("speechModel"), END};
static const struct twiml_attribute parameter[] = {PLAIN("name"), PLAIN("value"), END};
static const struct twiml_attribute refer[] = {ACTION, END};
static const struct twiml_attribute break_[] = {PLAIN("strength"), PLAIN("time"), END};
static const struct twiml_attribute emphasis[] = {PLAIN("level"), END};
static const struct twiml_attribute lang[] = {PLAIN("xml:lang"), END};
static const struct twiml_attribute phoneme[] = {PLAIN("alphabet"), PLAIN("ph"), END};
static const struct twiml_attribute prosody[] = {
    PLAIN("volume"), PLAIN("rate"), PLAIN("pitch"), END};
static const struct twiml_attribute say_as[] = {
    PLAIN("interpret-as"), PLAIN("role"), PLAIN("format"), END};
static const struct twiml_attribute sub[] = {PLAIN("alias"), END};
static const struct twiml_attribute word[] = {PLAIN("role"), END};

/* What may be spoken within what is spoken. */
#define SPOKEN " Say emphasis lang p phoneme prosody s say-as sub w "

static const struct twiml_element elements[] = {
    {"Say",               " Response Gather ",            WORDS,      0,           say},
    {"Play",              " Response Gather ",            MEDIA,      0,           play},
    {"Pause",             " Response Gather ",            NO_CONTENT, 0,           pause_},
    {"Gather",            " Response ",                   NO_CONTENT, SAME_ACTION, gather},
    {"Record",            " Response ",                   NO_CONTENT, SAME_ACTION | RECORDS, record},
    {"Dial",              " Response ",                   NUMBER_OR,  MAY_RECORD,  dial},
    {"Number",            " Dial ",                       NUMBER,     LEG,         number},
    {"Client",            " Dial ",                       CLIENT_OR,  LEG | NEEDS_OWN, client},
    {"Identity",          " Client ",                     CLIENT,     0,           none},
    {"Sip",               " Dial ",                       SIP_URI,    LEG,         sip},
    {"Queue",             " Dial ",                       ROOM,       0,           queue},
    {"Conference",        " Dial ",                       ROOM,       MAY_RECORD,  conference},
    {"Enqueue",           " Response ",                   ROOM,       0,           enqueue},
    {"Task",              " Enqueue ",                    JSON_TEXT,  NEEDS_OWN,   task},
    {"Leave",             " Response ",                   NO_CONTENT, 0,           none},
    {"Redirect",          " Response ",                   NEXT_DOCUMENT, 0,           redirect},
    {"Sms",               " Response ",                   MESSAGE,    0,           sms},
    {"Reject",            " Response ",                   NO_CONTENT, 0,           reject},
    {"Hangup",            " Response ",                   NO_CONTENT, 0,           none},
    {"Refer",             " Response ",                   NO_CONTENT, 0,           refer},
    {"Sip",               " Refer ",                      SIP_URI,    0,           none},
    {"Start",             " Response ",                   NO_CONTENT, 0,           start},
    {"Stop",              " Response ",                   NO_CONTENT, 0,           none},
    {"Connect",           " Response ",                   NO_CONTENT, 0,           start},
    {"Stream",            " Stop ",                       NO_CONTENT, 0,           stopped},
    {"Stream",            " Start Connect ",              NO_CONTENT, 0,           stream},
    {"Recording",         " Start ",                      NO_CONTENT, RECORDS,     recording},
    {"ConversationRelay", " Connect ",                    NO_CONTENT, 0,           relay},
    {"Language",          " ConversationRelay ",          NO_CONTENT, 0,           language},
    {"Parameter",         " Stream ConversationRelay Client ", NO_CONTENT, 0,      parameter},
    {"break",             SPOKEN,                         NO_CONTENT, 0,           break_},
    {"emphasis",          SPOKEN,                         WORDS,      0,           emphasis},
    {"lang",              SPOKEN,                         WORDS,      0,           lang},
    {"p",                 SPOKEN,                         WORDS,      0,           none},
    {"phoneme",           SPOKEN,                         WORDS,      0,           phoneme},
    {"prosody",           SPOKEN,                         WORDS,      0,           prosody},
    {"s",                 SPOKEN,                         WORDS,      0,           none},
    {"say-as",            SPOKEN,                         WORDS,      0,           say_as},
    {"sub",               SPOKEN,                         WORDS,      0,           sub},
    {"w",                 SPOKEN,                         WORDS,      0,           word},
};
/* clang-format on */

/* Whether a list with blanks around its words has that word. */
static bool lists(const char *list, const char *word_)
{
    size_t length = strlen(word_);

    for (const char *at = strstr(list, word_); at; at = strstr(at + 1, word_))
        if (at > list && at[-1] == ' ' && at[length] == ' ')
            return true;
    return false;
}

const struct twiml_element *twiml_element(const char *name, const char *parent)
{
    for (size_t i = 0; i < COUNT(elements); i++)
        if (strcmp(elements[i].name, name) == 0 && lists(elements[i].inside, parent))
            return &elements[i];
    return NULL;
}

const struct twiml_attribute *twiml_attribute(const struct twiml_element *element, const char *name)
{
    for (const struct twiml_attribute *at = element->attributes; at->name; at++)
        if (strcmp(at->name, name) == 0)
            return at;
    return NULL;
}

#include "core/e164.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/column.h"

/*
 * Calling codes and the countries (ISO 3166) that they lead to; the longest that fits counts.  In
 * North America, and where countries share a code, the area tells them apart.
 */
static const struct region {
    char prefix[8], country[3];
} regions[] = {
    /* clang-format off */
    {"1", "US"}, {"1204", "CA"}, {"1226", "CA"}, {"1236", "CA"}, {"1242", "BS"}, {"1246", "BB"},
    {"1249", "CA"}, {"1250", "CA"}, {"1257", "CA"}, {"1263", "CA"}, {"1264", "AI"}, {"1268", "AG"},
    {"1284", "VG"}, {"1289", "CA"}, {"1306", "CA"}, {"1340", "VI"}, {"1343", "CA"}, {"1345", "KY"},
    {"1354", "CA"}, {"1365", "CA"}, {"1367", "CA"}, {"1368", "CA"}, {"1382", "CA"}, {"1387", "CA"},
    {"1403", "CA"}, {"1416", "CA"}, {"1418", "CA"}, {"1428", "CA"}, {"1431", "CA"}, {"1437", "CA"},
    {"1438", "CA"}, {"1441", "BM"}, {"1450", "CA"}, {"1460", "CA"}, {"1468", "CA"}, {"1473", "GD"},
    {"1474", "CA"}, {"1506", "CA"}, {"1514", "CA"}, {"1519", "CA"}, {"1537", "CA"}, {"1548", "CA"},
    {"1568", "CA"}, {"1579", "CA"}, {"1581", "CA"}, {"1584", "CA"}, {"1587", "CA"}, {"1600", "CA"},
    {"1604", "CA"}, {"1613", "CA"}, {"1622", "CA"}, {"1633", "CA"}, {"1639", "CA"}, {"1644", "CA"},
    {"1647", "CA"}, {"1649", "TC"}, {"1655", "CA"}, {"1658", "JM"}, {"1664", "MS"}, {"1670", "MP"},
    {"1671", "GU"}, {"1672", "CA"}, {"1677", "CA"}, {"1683", "CA"}, {"1684", "AS"}, {"1688", "CA"},
    {"1705", "CA"}, {"1709", "CA"}, {"1721", "SX"}, {"1742", "CA"}, {"1753", "CA"}, {"1758", "LC"},
    {"1767", "DM"}, {"1778", "CA"}, {"1780", "CA"}, {"1782", "CA"}, {"1784", "VC"}, {"1787", "PR"},
    {"1807", "CA"}, {"1809", "DO"}, {"1819", "CA"}, {"1825", "CA"}, {"1829", "DO"}, {"1849", "DO"},
    {"1851", "CA"}, {"1867", "CA"}, {"1868", "TT"}, {"1869", "KN"}, {"1873", "CA"}, {"1876", "JM"},
    {"1879", "CA"}, {"1902", "CA"}, {"1905", "CA"}, {"1939", "PR"}, {"1942", "CA"}, {"20", "EG"},
    {"211", "SS"}, {"212", "MA"}, {"213", "DZ"}, {"216", "TN"}, {"218", "LY"}, {"220", "GM"},
    {"221", "SN"}, {"222", "MR"}, {"223", "ML"}, {"224", "GN"}, {"225", "CI"}, {"226", "BF"},
    {"227", "NE"}, {"228", "TG"}, {"229", "BJ"}, {"230", "MU"}, {"231", "LR"}, {"232", "SL"},
    {"233", "GH"}, {"234", "NG"}, {"235", "TD"}, {"236", "CF"}, {"237", "CM"}, {"238", "CV"},
    {"239", "ST"}, {"240", "GQ"}, {"241", "GA"}, {"242", "CG"}, {"243", "CD"}, {"244", "AO"},
    {"245", "GW"}, {"246", "IO"}, {"247", "AC"}, {"248", "SC"}, {"249", "SD"}, {"250", "RW"},
    {"251", "ET"}, {"252", "SO"}, {"253", "DJ"}, {"254", "KE"}, {"255", "TZ"}, {"256", "UG"},
    {"257", "BI"}, {"258", "MZ"}, {"260", "ZM"}, {"261", "MG"}, {"262", "RE"}, {"262269", "YT"},
    {"262639", "YT"}, {"263", "ZW"}, {"264", "NA"}, {"265", "MW"}, {"266", "LS"}, {"267", "BW"},
    {"268", "SZ"}, {"269", "KM"}, {"27", "ZA"}, {"290", "SH"}, {"291", "ER"}, {"297", "AW"},
    {"298", "FO"}, {"299", "GL"}, {"30", "GR"}, {"31", "NL"}, {"32", "BE"}, {"33", "FR"},
    {"34", "ES"}, {"350", "GI"}, {"351", "PT"}, {"352", "LU"}, {"353", "IE"}, {"354", "IS"},
    {"355", "AL"}, {"356", "MT"}, {"357", "CY"}, {"358", "FI"}, {"35818", "AX"}, {"359", "BG"},
    {"36", "HU"}, {"370", "LT"}, {"371", "LV"}, {"372", "EE"}, {"373", "MD"}, {"374", "AM"},
    {"375", "BY"}, {"376", "AD"}, {"377", "MC"}, {"378", "SM"}, {"380", "UA"}, {"381", "RS"},
    {"382", "ME"}, {"383", "XK"}, {"385", "HR"}, {"386", "SI"}, {"387", "BA"}, {"389", "MK"},
    {"39", "IT"}, {"3906698", "VA"}, {"40", "RO"}, {"41", "CH"}, {"420", "CZ"}, {"421", "SK"},
    {"423", "LI"}, {"43", "AT"}, {"44", "GB"}, {"441481", "GG"}, {"441534", "JE"}, {"441624", "IM"},
    {"447509", "JE"}, {"447524", "IM"}, {"447624", "IM"}, {"447781", "GG"}, {"447797", "JE"},
    {"447829", "JE"}, {"447839", "GG"}, {"447911", "GG"}, {"447924", "IM"}, {"447937", "JE"},
    {"45", "DK"}, {"46", "SE"}, {"47", "NO"}, {"4779", "SJ"}, {"48", "PL"}, {"49", "DE"},
    {"500", "FK"}, {"501", "BZ"}, {"502", "GT"}, {"503", "SV"}, {"504", "HN"}, {"505", "NI"},
    {"506", "CR"}, {"507", "PA"}, {"508", "PM"}, {"509", "HT"}, {"51", "PE"}, {"52", "MX"},
    {"53", "CU"}, {"54", "AR"}, {"55", "BR"}, {"56", "CL"}, {"57", "CO"}, {"58", "VE"},
    {"590", "GP"}, {"591", "BO"}, {"592", "GY"}, {"593", "EC"}, {"594", "GF"}, {"595", "PY"},
    {"596", "MQ"}, {"597", "SR"}, {"598", "UY"}, {"599", "BQ"}, {"5999", "CW"}, {"60", "MY"},
    {"61", "AU"}, {"6189162", "CC"}, {"6189164", "CX"}, {"62", "ID"}, {"63", "PH"}, {"64", "NZ"},
    {"65", "SG"}, {"66", "TH"}, {"670", "TL"}, {"672", "NF"}, {"6721", "AQ"}, {"673", "BN"},
    {"674", "NR"}, {"675", "PG"}, {"676", "TO"}, {"677", "SB"}, {"678", "VU"}, {"679", "FJ"},
    {"680", "PW"}, {"681", "WF"}, {"682", "CK"}, {"683", "NU"}, {"685", "WS"}, {"686", "KI"},
    {"687", "NC"}, {"688", "TV"}, {"689", "PF"}, {"690", "TK"}, {"691", "FM"}, {"692", "MH"},
    {"7", "RU"}, {"76", "KZ"}, {"77", "KZ"}, {"81", "JP"}, {"82", "KR"}, {"84", "VN"},
    {"850", "KP"}, {"852", "HK"}, {"853", "MO"}, {"855", "KH"}, {"856", "LA"}, {"86", "CN"},
    {"880", "BD"}, {"886", "TW"}, {"90", "TR"}, {"91", "IN"}, {"92", "PK"}, {"93", "AF"},
    {"94", "LK"}, {"95", "MM"}, {"960", "MV"}, {"961", "LB"}, {"962", "JO"}, {"963", "SY"},
    {"964", "IQ"}, {"965", "KW"}, {"966", "SA"}, {"967", "YE"}, {"968", "OM"}, {"970", "PS"},
    {"971", "AE"}, {"972", "IL"}, {"973", "BH"}, {"974", "QA"}, {"975", "BT"}, {"976", "MN"},
    {"977", "NP"}, {"98", "IR"}, {"992", "TJ"}, {"993", "TM"}, {"994", "AZ"}, {"995", "GE"},
    {"996", "KG"}, {"998", "UZ"},
    /* clang-format on */
};

/*
 * What is dialled in a country before numbers of other countries and before its own, where that is
 * not "00" and "0"; an own prefix that is empty means that a leading 0 belongs to the number.
 */
static const struct custom {
    const char *country, *abroad, *home;
    size_t length; /* of a number with the own prefix, where others begin with the same digit */
} customs[] = {
    /* clang-format off */
    {"AU", "0011", "0"},     {"BJ", "00", ""},        {"BY", "810", "80"}, {"CG", "00", ""},
    {"CI", "00", ""},        {"GA", "00", ""},        {"HK", "001", ""},   {"HU", "00", "06"},
    {"IT", "00", ""},        {"JP", "010", "0"},      {"KE", "000", "0"},  {"KR", "001", "0"},
    {"KZ", "810", "8", 11},  {"MX", "00", ""},        {"RU", "810", "8", 11},
    {"SG", "001", ""},       {"SM", "00", ""},        {"TH", "001", "0"},
    {"TM", "810", "8", 9},   {"VA", "00", ""},
    /* clang-format on */
};

enum { MAX_DIGITS = 24 }; /* of what people write, with what they dial before the number */

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* The longest region that the digits begin with; NULL when there is none. */
static const struct region *find_region(const char *digits)
{
    const struct region *found = NULL;

    for (size_t i = 0; i < COUNT(regions); i++)
        if (starts_with(digits, regions[i].prefix) &&
            (!found || strlen(regions[i].prefix) > strlen(found->prefix)))
            found = &regions[i];
    return found;
}

/* The code that a country is called with: the shortest that leads to one of its areas. */
static const char *calling_code(const char *country)
{
    const char *area = NULL;

    for (size_t i = 0; i < COUNT(regions) && !area; i++)
        if (strcasecmp(regions[i].country, country) == 0)
            area = regions[i].prefix;
    if (!area)
        return NULL;
    for (size_t i = 0; i < COUNT(regions); i++)
        if (starts_with(area, regions[i].prefix) && strlen(regions[i].prefix) < strlen(area))
            area = regions[i].prefix;
    return area;
}

static struct custom custom_of(const char *country, const char *code)
{
    for (size_t i = 0; i < COUNT(customs); i++)
        if (strcasecmp(customs[i].country, country) == 0)
            return customs[i];
    return code[0] == '1' ? (struct custom){country, "011", "1", 0}
                          : (struct custom){country, "00", "0", 0};
}

/* Takes the digits out of what people write between them; false when anything else stands there. */
static bool gather(const char *text, char digits[MAX_DIGITS + 1], bool *international)
{
    size_t count = 0;

    text += strspn(text, " \t(");
    *international = *text == '+';
    for (text += *international; *text; text++) {
        if (*international && starts_with(text, "(0)")) {
            text += 2; /* "+44 (0)20": the 0 is for those who call from within */
        } else if (isdigit((unsigned char)*text)) {
            if (count == MAX_DIGITS)
                return false;
            digits[count++] = *text;
        } else if (!strchr(" \t-./()", *text)) {
            return false;
        }
    }
    digits[count] = '\0';
    return true;
}

/* Writes "+", the calling code and the digits; false when that is no telephone number. */
static bool join(const char *code, const char *digits, char number[E164_SIZE])
{
    int length = snprintf(number, E164_SIZE, "+%s%s", code, digits);

    return length < E164_SIZE && e164_is_valid(number) && (number[1] != '1' || length == 12);
}

/* A number as it is dialled within its country, without what is dialled before it. */
static const char *without_home(const char *digits, const struct custom *custom)
{
    bool prefixed =
        starts_with(digits, custom->home) && (!custom->length || strlen(digits) == custom->length);

    return digits + (prefixed ? strlen(custom->home) : 0);
}

bool e164_read(const char *text, const char *country, char number[E164_SIZE])
{
    const char *code = country ? calling_code(country) : NULL;
    char digits[MAX_DIGITS + 1];
    struct custom custom;
    bool international;

    if (!gather(text, digits, &international))
        return false;
    if (international)
        return join("", digits, number);
    if (!code)
        return starts_with(digits, "00") && join("", digits + 2, number);
    custom = custom_of(country, code);
    if (starts_with(digits, custom.abroad))
        return join("", digits + strlen(custom.abroad), number);
    if (starts_with(digits, "00"))
        return join("", digits + 2, number);
    return join(code, without_home(digits, &custom), number);
}

bool e164_is_valid(const char *text)
{
    size_t digits;

    if (text[0] != '+' || text[1] == '0')
        return false;
    digits = strspn(text + 1, "0123456789");
    return digits >= 7 && digits <= 15 && !text[digits + 1];
}

const char *e164_country(const char *number)
{
    const struct region *region = number[0] == '+' ? find_region(number + 1) : NULL;

    return region ? region->country : "";
}

void e164_mask(const char *number, char masked[E164_SIZE])
{
    size_t length = strnlen(number, E164_SIZE - 1), shown = length > 4 ? length - 4 : 0;

    memcpy(masked, number, shown);
    memset(masked + shown, '*', length - shown);
    masked[length] = '\0';
}

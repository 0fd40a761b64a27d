/* SPDX-License-Identifier: BSD-3-Clause */
/* The grammar of hostspec.h, by hand: a line becomes words, a word an option, a name one host or many. */
#include "pvmd/core/hostspec.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define PVM3_WORDS_MAX 10     /* name and PVM 3 options of a line, as in PVM 3 */
#define SLOTS_MAX 65535
#define PORT_MAX 65535
#define NAME_MAX_BYTES 255

/* Where the reading of a line stands, and where its error goes. */
struct hostline {
    const char *start;
    const char *at;
    char word[HOSTSPEC_LINE_MAX + 1];    /* the current one, quotes taken out */
    const char *word_start;
    int pvm3_words;
    int *column;
    struct pvmi_fault *fault;
};

struct text_option {
    const char *name;
    size_t offset;
};

static const struct text_option pvm3_options[] = {
    { "lo", offsetof(struct hostspec, login) }, { "so", offsetof(struct hostspec, so) },
    { "ep", offsetof(struct hostspec, ep) },    { "dx", offsetof(struct hostspec, dx) },
    { "wd", offsetof(struct hostspec, wd) },    { "ip", offsetof(struct hostspec, ip) },
    { "bx", offsetof(struct hostspec, bx) },    { "id", offsetof(struct hostspec, id) },
};

#define PVM3_OPTIONS (sizeof(pvm3_options) / sizeof(pvm3_options[0]))

static char **text_field(struct hostspec *spec, size_t offset)
{
    return (char **)(void *)((char *)spec + offset);
}

void hostspec_free(struct hostspec *spec)
{
    if (spec == NULL)
        return;
    pvmi_list_remove(&spec->link);
    for (size_t i = 0; i < PVM3_OPTIONS; i++)
        pvmi_free(*text_field(spec, pvm3_options[i].offset));
    pvmi_free(spec->name);
    pvmi_free(spec->ports);
    pvmi_free(spec->via);
    pvmi_free(spec);
}

static struct hostspec *hostspec_new(void)
{
    struct hostspec *spec = pvmi_calloc(1, sizeof(*spec));

    if (spec == NULL)
        return NULL;
    pvmi_list_init(&spec->link);
    spec->speed = 1000;
    return spec;
}

/* Fills *to from from, if it is empty. False when there is no memory. */
static bool fill_text(char **to, const char *from)
{
    if (*to != NULL || from == NULL)
        return true;
    *to = pvmi_strdup(from);
    return *to != NULL;
}

int hostspec_inherit(struct hostspec *spec, const struct hostspec *other)
{
    for (size_t i = 0; i < PVM3_OPTIONS; i++) {
        size_t offset = pvm3_options[i].offset;

        if (!fill_text(text_field(spec, offset), *text_field((struct hostspec *)other, offset)))
            return PvmNoMem;
    }
    if (!fill_text(&spec->ports, other->ports) || !fill_text(&spec->via, other->via))
        return PvmNoMem;
    if (!spec->speed_given && other->speed_given) {
        spec->speed = other->speed;
        spec->speed_given = true;
    }
    if (spec->slots == 0)
        spec->slots = other->slots;
    if (other->overload)
        spec->overload = true;
    return PvmOk;
}

struct hostspec *hostspec_copy(const struct hostspec *spec)
{
    struct hostspec *copy = hostspec_new();

    if (copy == NULL)
        return NULL;
    copy->deferred = spec->deferred;
    if (!fill_text(&copy->name, spec->name) || hostspec_inherit(copy, spec) != PvmOk) {
        hostspec_free(copy);
        return NULL;
    }
    return copy;
}

/* ---- words ---- */

/* The column counts characters as an editor shows them: bytes that go on with one of UTF-8 are none. */
int hostspec_column(const char *line, const char *at)
{
    int column = 1;

    for (; line < at; line++)
        column += ((unsigned char)*line & 0xc0) != 0x80;
    return column;
}

static int fail_at(struct hostline *line, const char *at, const char *what, const char *word)
{
    *line->column = hostspec_column(line->start, at);
    pvmi_fault_set(line->fault, PvmBadParam, NULL, what, word);
    return PvmBadParam;
}

static int no_memory(struct hostline *line)
{
    pvmi_fault_set(line->fault, PvmNoMem, NULL, "no memory to read a host file line");
    return PvmNoMem;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

/* "ab=": one of the options in which PVM 3 takes quotes as they are. */
static bool is_pvm3_option(const char *word)
{
    for (size_t i = 0; i < PVM3_OPTIONS; i++) {
        if (strncmp(word, pvm3_options[i].name, 2) == 0 && word[2] == '=')
            return true;
    }
    return strncmp(word, "sp=", 3) == 0;
}

static int read_quoted(struct hostline *line, size_t *length)
{
    char quote = *line->at++;

    while (*line->at != quote) {
        if (*line->at == '\0')
            return fail_at(line, line->word_start, "a quote is opened here and not closed%s", "");
        if (quote == '"' && *line->at == '\\' && line->at[1] != '\0')
            line->at++;
        line->word[(*length)++] = *line->at++;
    }
    line->at++;
    return PvmOk;
}

/* The next word; PvmNoData at the end of the line. */
static int next_word(struct hostline *line)
{
    size_t length = 0;
    int rc;

    while (is_blank(*line->at))
        line->at++;
    line->word_start = line->at;
    if (*line->at == '\0' || *line->at == '#')
        return PvmNoData;

    bool literal = is_pvm3_option(line->at);
    while (*line->at != '\0' && !is_blank(*line->at)) {
        if (!literal && (*line->at == '\'' || *line->at == '"')) {
            rc = read_quoted(line, &length);
            if (rc != PvmOk)
                return rc;
            continue;
        }
        if (!literal && *line->at == '\\' && line->at[1] != '\0')
            line->at++;
        line->word[length++] = *line->at++;
    }
    line->word[length] = '\0';
    return PvmOk;
}

/* ---- options ---- */

static bool read_number(const char *text, long low, long high, long *ret_number, const char **ret_end)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    *ret_number = strtol(text, &end, 10);
    *ret_end = end;
    return *ret_number >= low && *ret_number <= high;
}

static bool ports_ok(const char *text)
{
    const char *end;
    long low;
    long high;

    if (!read_number(text, 1, PORT_MAX, &low, &end))
        return false;
    if (*end == '\0')
        return true;
    return *end == '-' && read_number(end + 1, low, PORT_MAX, &high, &end) && *end == '\0';
}

/* The first of an option that comes twice counts, as in PVM 3. */
static int set_text(struct hostline *line, char **to, const char *value)
{
    if (*to != NULL || value[0] == '\0')
        return PvmOk;
    *to = pvmi_strdup(value);
    return *to != NULL ? PvmOk : no_memory(line);
}

/* As atoi(), without its undefined cases: PVM 3 takes any text as a speed. */
static int speed_of(const char *text)
{
    long speed = strtol(text, NULL, 10);

    if (speed > INT_MAX)
        return INT_MAX;
    return speed < INT_MIN ? INT_MIN : (int)speed;
}

static int read_pvm3_option(struct hostline *line, struct hostspec *spec)
{
    const char *value = line->word + 3;

    if (++line->pvm3_words > PVM3_WORDS_MAX)
        return fail_at(line, line->word_start, "too many words: a name and 9 options at most%s", "");
    if (strncmp(line->word, "sp=", 3) == 0) {
        if (!spec->speed_given)
            spec->speed = speed_of(value);
        spec->speed_given = true;
        return PvmOk;
    }
    for (size_t i = 0; i < PVM3_OPTIONS; i++) {
        if (strncmp(line->word, pvm3_options[i].name, 2) == 0)
            return set_text(line, text_field(spec, pvm3_options[i].offset), value);
    }
    return PvmOk;
}

static int read_slots(struct hostline *line, const char *text, struct hostspec *spec)
{
    const char *end;
    long slots;

    if (!read_number(text, 1, SLOTS_MAX, &slots, &end) || *end != '\0')
        return fail_at(line, line->word_start, "slots must be a number from 1 to 65535, not \"%s\"", text);
    if (spec->slots == 0)
        spec->slots = (int)slots;
    return PvmOk;
}

static int read_option(struct hostline *line, struct hostspec *spec)
{
    const char *word = line->word;

    if (is_pvm3_option(word))
        return read_pvm3_option(line, spec);
    if (strncmp(word, "slots=", 6) == 0)
        return read_slots(line, word + 6, spec);
    if (strncmp(word, "via=", 4) == 0) {
        if (strcmp(word + 4, "ssh") != 0 && strcmp(word + 4, "local") != 0)
            return fail_at(line, line->word_start, "via must be ssh or local, not \"%s\"", word + 4);
        return set_text(line, &spec->via, word + 4);
    }
    if (strncmp(word, "port=", 5) == 0) {
        if (!ports_ok(word + 5))
            return fail_at(line, line->word_start, "port must be N or N-M, 1 to 65535, not \"%s\"", word + 5);
        return set_text(line, &spec->ports, word + 5);
    }
    return fail_at(line, line->word_start,
                   "unknown option \"%s\": known are lo so ep dx wd sp bx ip id slots via port", word);
}

/* ---- names ---- */

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '%' || (unsigned char)c >= 0x80;
}

const char *hostspec_name_fault(const char *name)
{
    if (name[0] == '\0')
        return "a host's name is missing%s";
    if (strlen(name) > NAME_MAX_BYTES)
        return "a host's name is longer than 255 bytes: %.40s...";
    if (name[0] == '-')
        return "a host's name cannot begin with '-': \"%s\"";
    for (const char *at = name; *at != '\0'; at++) {
        if (!name_char(*at))
            return "\"%s\" is no host's name: letters, digits and . - _ : %% make one";
    }
    return NULL;
}

static int check_name(struct hostline *line, const char *name)
{
    const char *what = hostspec_name_fault(name);

    return what == NULL ? PvmOk : fail_at(line, line->word_start, what, name);
}

static int add_named(struct hostline *line, const char *name, struct pvmi_list *specs, int *count)
{
    int rc = check_name(line, name);

    if (rc != PvmOk)
        return rc;
    if (++*count > HOSTSPEC_NAMES_MAX)
        return fail_at(line, line->word_start, "a line can stand for 4095 hosts at most%s", "");

    struct hostspec *spec = hostspec_new();
    if (spec == NULL)
        return no_memory(line);
    pvmi_list_push(specs, &spec->link);
    spec->name = pvmi_strdup(name);
    return spec->name != NULL ? PvmOk : no_memory(line);
}

/* One "N" or "N-M" of a bracket; the first number's digits give the width. */
static int add_range(struct hostline *line, const char *head, const char **at, const char *tail,
                     struct pvmi_list *specs, int *count)
{
    char name[2 * HOSTSPEC_LINE_MAX];
    const char *from = *at;
    long low;
    long high;
    int rc = PvmOk;

    if (!read_number(from, 0, 999999999, &low, at))
        return fail_at(line, line->word_start, "\"[%s\" is no list of numbers as [01-10,20]", from);
    int width = (int)(*at - from);
    high = low;
    if (**at == '-') {
        const char *to = *at + 1;

        if (!read_number(to, low, 999999999, &high, at))
            return fail_at(line, line->word_start, "\"[%s\" is no range: N-M, M not below N", from);
    }
    if (high - low >= HOSTSPEC_NAMES_MAX)
        return fail_at(line, line->word_start, "a line can stand for 4095 hosts at most%s", "");
    for (long number = low; rc == PvmOk && number <= high; number++) {
        snprintf(name, sizeof(name), "%s%0*ld%s", head, width, number, tail);
        rc = add_named(line, name, specs, count);
    }
    return rc;
}

/* "node[01-10,20]x" */
static int add_bracket(struct hostline *line, char *word, char *bracket, struct pvmi_list *specs)
{
    char *close = strchr(bracket, ']');
    const char *at = bracket + 1;
    int count = 0;
    int rc;

    if (close == NULL || strchr(close, '[') != NULL)
        return fail_at(line, line->word_start,
                       "one pair of brackets as in node[01-10,20] is understood: \"%s\"", word);
    *bracket = '\0';
    *close = '\0';
    do {
        rc = add_range(line, word, &at, close + 1, specs, &count);
        if (rc != PvmOk)
            return rc;
    } while (*at++ == ',');
    if (at[-1] != '\0')
        return fail_at(line, line->word_start, "\"[%s\" is no list of numbers as [01-10,20]", at - 1);
    return PvmOk;
}

/* Cuts ":SLOTS" off; an address of IPv6 has more than one colon and keeps them. */
static int cut_slots(struct hostline *line, char *word, struct hostspec *common)
{
    char *colon = strchr(word, ':');

    if (colon == NULL || strchr(colon + 1, ':') != NULL)
        return PvmOk;
    int rc = read_slots(line, colon + 1, common);
    *colon = '\0';
    return rc;
}

/* What comes first: marks, login, name or names, slots. The login and the slots go to common. */
static int read_names(struct hostline *line, struct hostspec *common, struct pvmi_list *specs)
{
    char *word = line->word;
    char *at_sign;
    char *bracket;
    int count = 0;
    int rc;

    if (strcmp(word, "*") == 0) {
        struct hostspec *spec = hostspec_new();

        if (spec == NULL)
            return no_memory(line);
        pvmi_list_push(specs, &spec->link);
        spec->name = pvmi_strdup("*");
        return spec->name != NULL ? PvmOk : no_memory(line);
    }
    at_sign = strchr(word, '@');
    if (at_sign != NULL) {
        *at_sign = '\0';
        if (word[0] == '\0' || word[0] == '-')
            return fail_at(line, line->word_start, "no login stands before the @%s", "");
        rc = set_text(line, &common->login, word);
        if (rc != PvmOk)
            return rc;
        word = at_sign + 1;
    }
    rc = cut_slots(line, word, common);
    if (rc != PvmOk)
        return rc;
    bracket = strchr(word, '[');
    return bracket != NULL ? add_bracket(line, word, bracket, specs) : add_named(line, word, specs, &count);
}

/* '&' and '$' stand before the name, with blanks or without. */
static void read_marks(struct hostline *line, struct hostspec *common)
{
    for (;; line->at++) {
        if (*line->at == '&')
            common->deferred = true;
        else if (*line->at == '$')
            common->overload = true;
        else if (!is_blank(*line->at))
            return;
    }
}

static int read_line(struct hostline *line, struct hostspec *common, struct pvmi_list *specs)
{
    int rc;

    read_marks(line, common);
    rc = next_word(line);
    if (rc == PvmNoData)
        return common->deferred || common->overload
                   ? fail_at(line, line->word_start, "a host's name is missing%s", "")
                   : PvmOk;
    if (rc != PvmOk)
        return rc;
    line->pvm3_words = 1;
    rc = read_names(line, common, specs);
    while (rc == PvmOk && (rc = next_word(line)) == PvmOk)
        rc = read_option(line, common);
    return rc == PvmNoData ? PvmOk : rc;
}

static void free_specs(struct pvmi_list *specs)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(specs)) != NULL)
        hostspec_free(PVMI_CONTAINER(node, struct hostspec, link));
}

int hostspec_parse(const char *text, struct pvmi_list *specs, int *ret_column, struct pvmi_fault *fault)
{
    struct hostline line = { .start = text, .at = text, .column = ret_column, .fault = fault };
    struct hostspec *common;
    struct pvmi_list found;
    int rc;

    *ret_column = 1;
    if (strlen(text) > HOSTSPEC_LINE_MAX)
        return fail_at(&line, text + HOSTSPEC_LINE_MAX, "the line is longer than 4096 bytes%s", "");
    common = hostspec_new();
    if (common == NULL)
        return no_memory(&line);
    pvmi_list_init(&found);
    rc = read_line(&line, common, &found);
    PVMI_LIST_EACH(node, &found) {
        struct hostspec *spec = PVMI_CONTAINER(node, struct hostspec, link);

        if (rc != PvmOk)
            break;
        spec->deferred = common->deferred;
        if (hostspec_inherit(spec, common) != PvmOk)
            rc = no_memory(&line);
    }
    hostspec_free(common);
    if (rc == PvmOk)
        pvmi_list_join(specs, &found);
    free_specs(&found);
    return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console is one collector for all its jobs: a daemon describes an event to it once. So what events are made of
 * is kept for all files, and each file tells it again. A task's own descriptions are the same for all tasks.
 */
#include "console/trace_file.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pvm3.h"
#include "pvmtev.h"

#define ITEMS_MAX 24
#define NAME_MAX_SIZE 64
#define TEXT_MAX 16384         /* of one value; PVM's own are shorter */
#define EVENT_HOST_ADD 401     /* the tracer's own events: their numbers in the file are 1802 and 1808 */
#define EVENT_OUTPUT 404
#define EVENT_MAX 405

/* 0 for an event without entry and exit, 1 entry, 2 exit. */
#define PARTS 3

struct layout {
    char name[NAME_MAX_SIZE];
    int count;
    int did[ITEMS_MAX];
    int type[ITEMS_MAX];
};

static struct layout layouts[EVENT_MAX * PARTS];

/* As the daemon tells it first of all. */
static struct {
    char name[16];
    char text[NAME_MAX_SIZE];
} identifiers[TEV_DID_MAX + 1];

struct trace_file {
    int number;
    FILE *out;
    int from;                          /* whose message is being written */
    bool described[EVENT_MAX * PARTS];
    int seconds;                       /* of the last event: output has no time of its own */
    int microseconds;
};

/* ---- writing ---- */

static void begin_line(struct trace_file *file)
{
    if (file->out == stdout)
        fprintf(file->out, "[T%d:t%x] ", file->number, (unsigned)file->from);
}

static void line(struct trace_file *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line(struct trace_file *file, const char *format, ...)
{
    va_list args;

    begin_line(file);
    va_start(args, format);
    vfprintf(file->out, format, args);
    va_end(args);
    putc('\n', file->out);
}

static const char *type_word(int type)
{
    switch (type & ~TEV_DATA_ARRAY) {
    case TEV_DATA_BYTE:
    case TEV_DATA_STRING:
        return "char";
    case TEV_DATA_FLOAT:
    case TEV_DATA_CPLX:
        return "float";
    case TEV_DATA_DOUBLE:
    case TEV_DATA_DCPLX:
        return "double";
    default:
        return "int";
    }
}

static const char *type_dimensions(int type)
{
    bool array = (type & TEV_DATA_ARRAY) != 0;

    if ((type & ~TEV_DATA_ARRAY) == TEV_DATA_STRING)
        return array ? "[][]" : "[]";
    return array ? "[]" : "";
}

/* The event's number and name in the file, in the manner of PVM 3's tracers. */
static void write_begin(struct trace_file *file, int slot)
{
    static const char *const suffixes[PARTS] = { "(0)", "(0.0)", "(1.1)" };
    int part = slot % PARTS;
    int number = 2 * (slot / PARTS) + (part == 2 ? 2001 : 1000);

    line(file, "%s", "");
    line(file, "#%d: \"%s%s\"", number, layouts[slot].name, suffixes[part]);
    line(file, "{");
}

static void write_field(struct trace_file *file, const char *name, const char *text, int type)
{
    line(file, "\t// \"%s\" \"%s\"", name, text);
    line(file, "\t%s \"%s\"%s;", type_word(type), name, type_dimensions(type));
}

static void write_end(struct trace_file *file)
{
    line(file, "};;");
    line(file, "%s", "");
}

static void write_layout(struct trace_file *file, int slot)
{
    const struct layout *layout = &layouts[slot];

    if (file->described[slot])
        return;
    file->described[slot] = true;
    write_begin(file, slot);
    for (int i = 0; i < layout->count; i++) {
        const int did = layout->did[i];

        write_field(file, identifiers[did].name, identifiers[did].text, layout->type[i]);
    }
    write_end(file);
}

static void write_text(struct trace_file *file, const char *text)
{
    fprintf(file->out, "[%zu] { \"%s\" }", strlen(text) + 1, text);
}

/* ---- values ---- */

static int read_int(void)
{
    int value = 0;

    return pvm_upkint(&value, 1, 1) == PvmOk ? value : TEV_MARK_EVENT_BUFFER_END;
}

/* Writes one number of the message. */
static void copy_number(struct trace_file *file, int type)
{
    double real[2] = { 0, 0 };
    float half[2] = { 0, 0 };
    short small = 0;
    long large = 0;

    switch (type) {
    case TEV_DATA_DOUBLE:
        pvm_upkdouble(real, 1, 1);
        fprintf(file->out, "%f", real[0]);
        break;
    case TEV_DATA_DCPLX:
        pvm_upkdcplx(real, 1, 1);
        fprintf(file->out, "%f, %f", real[0], real[1]);
        break;
    case TEV_DATA_FLOAT:
        pvm_upkfloat(half, 1, 1);
        fprintf(file->out, "%f", (double)half[0]);
        break;
    case TEV_DATA_CPLX:
        pvm_upkcplx(half, 1, 1);
        fprintf(file->out, "%f, %f", (double)half[0], (double)half[1]);
        break;
    case TEV_DATA_SHORT:
    case TEV_DATA_USHORT:
        pvm_upkshort(&small, 1, 1);
        fprintf(file->out, "%d", small);
        break;
    case TEV_DATA_LONG:
    case TEV_DATA_ULONG:
        pvm_upklong(&large, 1, 1);
        fprintf(file->out, "%ld", large);
        break;
    default:
        fprintf(file->out, "%d", read_int());
    }
}

/* Reads a string into text, cutting off what does not fit. False when the message has none. */
static bool read_text(char text[TEXT_MAX])
{
    int length = read_int();
    char *bytes = length > 0 ? malloc((size_t)length) : NULL;
    bool good = bytes != NULL && pvm_upkbyte(bytes, length, 1) == PvmOk;

    if (good) {
        size_t kept = strnlen(bytes, (size_t)length < TEXT_MAX - 1 ? (size_t)length : TEXT_MAX - 1);

        memcpy(text, bytes, kept);
        text[kept] = '\0';
    }
    free(bytes);
    return good;
}

/* "[2] [6] { "exit", "send" }": how many, and the room that the longest needs. */
static void copy_texts(struct trace_file *file, int count)
{
    char text[TEXT_MAX];
    size_t longest = 0;
    char *all = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&all, &size);

    if (memory == NULL)
        return;
    for (int i = 0; i < count && read_text(text); i++) {
        fprintf(memory, "%s\"%s\"", i == 0 ? "" : ", ", text);
        longest = strlen(text) > longest ? strlen(text) : longest;
    }
    fclose(memory);
    fprintf(file->out, "[%d] [%zu] { %s }", count, count == 0 ? 0 : longest + 1, all);
    free(all);
}

/* Bytes of an event of the user's own are text. */
static void copy_bytes(struct trace_file *file, int count)
{
    char *bytes = calloc((size_t)count + 1, 1);

    if (bytes != NULL && pvm_upkbyte(bytes, count, 1) == PvmOk)
        write_text(file, bytes);
    free(bytes);
}

static void copy_array(struct trace_file *file, int type)
{
    int count = read_int();

    if (count < 0)
        return;
    if (type == TEV_DATA_STRING) {
        copy_texts(file, count);
        return;
    }
    if (type == TEV_DATA_BYTE) {
        copy_bytes(file, count);
        return;
    }
    fprintf(file->out, "[%d] { ", count);
    for (int i = 0; i < count; i++) {
        fputs(i == 0 ? "" : ", ", file->out);
        copy_number(file, type);
    }
    fputs(" }", file->out);
}

static void copy_value(struct trace_file *file, int type)
{
    char text[TEXT_MAX];
    char byte = 0;

    if (type & TEV_DATA_ARRAY) {
        copy_array(file, type & ~TEV_DATA_ARRAY);
    } else if (type == TEV_DATA_STRING) {
        if (read_text(text))
            write_text(file, text);
    } else if (type == TEV_DATA_BYTE) {
        pvm_upkbyte(&byte, 1, 1);
        fprintf(file->out, "[2] { \"%c\" }", byte);
    } else {
        copy_number(file, type);
    }
}

/* ---- messages ---- */

static void read_identifiers(void)
{
    char text[TEXT_MAX];
    int did;

    while ((did = read_int()) >= 0 && did <= TEV_DID_MAX && read_text(text)) {
        snprintf(identifiers[did].name, sizeof(identifiers[did].name), "%.15s", text);
        if (!read_text(text))
            return;
        snprintf(identifiers[did].text, sizeof(identifiers[did].text), "%.63s", text);
    }
}

/* Where an event with its flags has its layout; -1 for a number that is none. */
static int slot_of(int event)
{
    int part = event & TEV_EVENT_EXIT ? 2 : event & TEV_EVENT_ENTRY ? 1 : 0;

    event &= ~(TEV_EVENT_ENTRY | TEV_EVENT_EXIT);
    return event < 0 || event > TEV_MAX ? -1 : event * PARTS + part;
}

/*
 * A description has its values between: so they are written to memory and the layout goes before them. Returns the
 * text of the values, to be freed; *ret_tid is the task's.
 */
static char *copy_described(struct trace_file *file, struct layout *layout, int *ret_tid)
{
    FILE *out = file->out;
    char *values = NULL;
    size_t size = 0;
    int did;

    layout->count = 0;
    file->out = open_memstream(&values, &size);
    while (file->out != NULL && (did = read_int()) >= 0 && did <= TEV_DID_MAX && layout->count < ITEMS_MAX) {
        int type = read_int();

        layout->did[layout->count] = did;
        layout->type[layout->count++] = type;
        fputs(layout->count == 1 ? "" : ", ", file->out);
        if (did == TEV_DID_TID) {
            *ret_tid = read_int();
            fprintf(file->out, "%d", *ret_tid);
        } else {
            copy_value(file, type);
        }
    }
    if (file->out != NULL)
        fclose(file->out);
    file->out = out;
    return values;
}

static char *copy_record(struct trace_file *file, const struct layout *layout, int *ret_tid)
{
    FILE *out = file->out;
    char *values = NULL;
    size_t size = 0;

    file->out = open_memstream(&values, &size);
    for (int i = 0; file->out != NULL && i < layout->count; i++) {
        fputs(i == 0 ? "" : ", ", file->out);
        if (layout->did[i] == TEV_DID_TID) {
            *ret_tid = read_int();
            fprintf(file->out, "%d", *ret_tid);
        } else {
            copy_value(file, layout->type[i]);
        }
    }
    if (file->out != NULL)
        fclose(file->out);
    file->out = out;
    read_int();    /* the end marker */
    return values;
}

/* One event; what it means for the job. */
static enum trace_news copy_event(struct trace_file *file, bool described, int *ret_tid)
{
    static const char *const suffixes[PARTS] = { "(0)", "(0.0)", "(1.1)" };
    int event = read_int();
    int slot = slot_of(event);
    char name[TEXT_MAX];
    char *values;

    if (slot < 0 || (!described && layouts[slot].count == 0))
        return TRACE_NOTHING;
    if (described && read_text(name))
        snprintf(layouts[slot].name, sizeof(layouts[slot].name), "%.63s", name);
    values = described ? copy_described(file, &layouts[slot], ret_tid) : copy_record(file, &layouts[slot], ret_tid);
    if (values == NULL)
        return TRACE_NOTHING;
    sscanf(values, "%d, %d", &file->seconds, &file->microseconds);
    write_layout(file, slot);
    line(file, "\"%s%s\" { %s };;", layouts[slot].name, suffixes[slot % PARTS], values);
    free(values);
    return event == TEV_NEWTASK ? TRACE_TASK_BEGAN : event == TEV_ENDTASK ? TRACE_TASK_ENDED : TRACE_NOTHING;
}

/* Its values have no names, and may be others each time: told before each. */
static void copy_user_event(struct trace_file *file)
{
    int event = read_int();
    char name[TEXT_MAX];
    int types[ITEMS_MAX];
    FILE *out = file->out;
    char *values = NULL;
    size_t size = 0;
    int count = 0;
    int slot = slot_of(event);

    if (slot < 0 || !read_text(name))
        return;
    snprintf(layouts[slot].name, sizeof(layouts[slot].name), "%.63s", name);
    file->seconds = read_int();
    file->microseconds = read_int();
    file->out = open_memstream(&values, &size);
    while (file->out != NULL && count < ITEMS_MAX && (types[count] = read_int()) > 0) {
        fputs(", ", file->out);
        copy_value(file, types[count++]);
    }
    if (file->out != NULL)
        fclose(file->out);
    file->out = out;
    if (values == NULL)
        return;
    write_begin(file, slot);
    write_field(file, "TID", "Task ID", TEV_DATA_INT);
    write_field(file, "TS", "Time Seconds", TEV_DATA_INT);
    write_field(file, "TU", "Time Microseconds", TEV_DATA_INT);
    for (int i = 0; i < count; i++) {
        bool text = (types[i] & ~TEV_DATA_ARRAY) == TEV_DATA_BYTE;
        char field[16], what[40];

        snprintf(field, sizeof(field), "USR%d", i);
        snprintf(what, sizeof(what), "User Defined Value #%d", i);
        write_field(file, field, what, text ? TEV_DATA_STRING : types[i]);
    }
    write_end(file);
    line(file, "\"%s(0)\" { %d, %d, %d%s };;", name, file->from, file->seconds, file->microseconds, values);
    free(values);
}

enum trace_news trace_file_message(struct trace_file *file, int from, int *ret_tid)
{
    enum trace_news news = TRACE_NOTHING;
    int marker;

    file->from = from;
    while (pvm_upkint(&marker, 1, 1) == PvmOk) {
        if (marker == TEV_MARK_DATA_ID)
            read_identifiers();
        else if (marker == TEV_MARK_EVENT_DESC || marker == TEV_MARK_EVENT_RECORD)
            news = copy_event(file, marker == TEV_MARK_EVENT_DESC, ret_tid);
        else if (marker == TEV_MARK_USER_EVENT_RECORD)
            copy_user_event(file);
    }
    fflush(file->out);
    return news;
}

/* ---- the tracer's own events ---- */

struct own_field {
    const char *name;
    const char *text;
    int type;
};

static void own_layout(struct trace_file *file, int slot, const char *name, const struct own_field *fields, int count)
{
    static const struct own_field first[] = { { "TS", "Time Seconds", TEV_DATA_INT },
                                              { "TU", "Time Microseconds", TEV_DATA_INT },
                                              { "TID", "Task ID", TEV_DATA_INT } };

    if (file->described[slot])
        return;
    file->described[slot] = true;
    snprintf(layouts[slot].name, sizeof(layouts[slot].name), "%s", name);
    write_begin(file, slot);
    for (int i = 0; i < 3; i++)
        write_field(file, first[i].name, first[i].text, first[i].type);
    for (int i = 0; i < count; i++)
        write_field(file, fields[i].name, fields[i].text, fields[i].type);
    write_end(file);
}

static void host_add(struct trace_file *file, const struct pvmhostinfo *host)
{
    static const struct own_field fields[] = { { "HN", "Host Name", TEV_DATA_STRING },
                                               { "HNA", "Host Name Alias", TEV_DATA_STRING },
                                               { "HA", "Host Architecture", TEV_DATA_STRING },
                                               { "HSP", "Host Speed", TEV_DATA_INT } };
    struct timeval now;
    size_t alias = strcspn(host->hi_name, ".");

    gettimeofday(&now, NULL);
    file->from = host->hi_tid;
    own_layout(file, EVENT_HOST_ADD * PARTS, "host_add", fields, 4);
    line(file, "\"host_add(0)\" { %d, %d, %d, [%zu] { \"%s\" }, [%zu] { \"%.*s\" }, [%zu] { \"%s\" }, %d };;",
         (int)now.tv_sec, (int)now.tv_usec, host->hi_tid, strlen(host->hi_name) + 1, host->hi_name, alias + 1,
         (int)alias, host->hi_name, strlen(host->hi_arch) + 1, host->hi_arch, host->hi_speed);
    file->seconds = (int)now.tv_sec;
    file->microseconds = (int)now.tv_usec;
}

void trace_file_output(struct trace_file *file, int tid, const char *text)
{
    static const struct own_field fields[] = { { "OS", "Output String", TEV_DATA_STRING } };

    file->from = tid;
    own_layout(file, EVENT_OUTPUT * PARTS, "output", fields, 1);
    line(file, "\"output(0)\" { %d, %d, %d, [%zu] { \"%s\" } };;", file->seconds, file->microseconds, tid,
         strlen(text) + 1, text);
}

struct trace_file *trace_file_new(int number, FILE *out)
{
    struct trace_file *file = calloc(1, sizeof(*file));
    struct pvmhostinfo *hosts;
    time_t now = time(NULL);
    char date[64];
    int count;

    if (file == NULL)
        return NULL;
    *file = (struct trace_file){ .number = number, .out = out, .from = pvm_mytid() };
    strftime(date, sizeof(date), "%a %b %d %H:%M:%S %Y", localtime(&now));
    line(file, "/*");
    line(file, " * \"Creation Date\" \"%s\"", date);
    line(file, " * \"Machine\" \"Console %s (PVM %s)\"", PVM_VER, pvm_version());
    line(file, " */ ;;");
    line(file, "%s", "");
    if (pvm_config(&count, NULL, &hosts) >= 0) {
        for (int i = 0; i < count; i++)
            host_add(file, &hosts[i]);
    }
    fflush(out);
    return file;
}

void trace_file_free(struct trace_file *file)
{
    free(file);
}

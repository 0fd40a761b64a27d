/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wordcount: counts the words of files on all hosts, and prints the most frequent ones.
 *
 *     ./wordcount -t 20 book1.txt book2.txt
 *
 * The master reads the files, which need not exist on the other hosts, and sends pieces of text to the workers.
 * A worker answers each piece with its words and their counts. The master keeps a piece until it is answered:
 * when a worker dies, another one gets it.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pvm3.h>

/* Messages */
enum {
    TAG_PIECE = 1,    /* master to worker: length, text */
    TAG_COUNTS,       /* worker to master: number of words; for each its length, bytes and count */
    TAG_EXIT,         /* notice: a task has ended */
};

#define PIECE_SIZE (256 * 1024)
#define WORD_MAX 64         /* bytes; longer words are cut */
#define WORKERS_MAX 1000    /* a slip of the finger should not bring a computer down */

static const char usage[] =
    "usage: wordcount [options] FILE ...\n"
    "  -n WORKERS   tasks that count (2 for each host)\n"
    "  -t TOP       so many words are printed (10)\n"
    "FILE - is the standard input. A file that cannot be read is told, and the status is 1.\n";

/* ------------------------------------------------------------------ a table of words */

struct word {
    struct word *next;
    long count;
    int length;
    char bytes[];
};

struct table {
    struct word **buckets;
    size_t bucket_count;    /* a power of two */
    size_t word_count;
};

static void out_of_memory(void)
{
    fprintf(stderr, "wordcount: out of memory\n");
    pvm_exit();
    exit(1);
}

static size_t hash(const char *bytes, int length)
{
    unsigned long long h = 14695981039346656037u;    /* FNV-1a */

    for (int i = 0; i < length; i++)
        h = (h ^ (unsigned char)bytes[i]) * 1099511628211u;
    return (size_t)(h ^ h >> 29);
}

static void table_grow(struct table *table)
{
    size_t count = table->bucket_count == 0 ? 1024 : 2 * table->bucket_count;
    struct word **buckets = calloc(count, sizeof(*buckets));

    if (buckets == NULL)
        out_of_memory();
    for (size_t i = 0; i < table->bucket_count; i++) {
        while (table->buckets[i] != NULL) {
            struct word *word = table->buckets[i];
            struct word **bucket = &buckets[hash(word->bytes, word->length) & (count - 1)];

            table->buckets[i] = word->next;
            word->next = *bucket;
            *bucket = word;
        }
    }
    free(table->buckets);
    table->buckets = buckets;
    table->bucket_count = count;
}

static void table_add(struct table *table, const char *bytes, int length, long count)
{
    if (table->word_count >= table->bucket_count)
        table_grow(table);
    struct word **bucket = &table->buckets[hash(bytes, length) & (table->bucket_count - 1)];
    struct word *word = *bucket;

    while (word != NULL && (word->length != length || memcmp(word->bytes, bytes, (size_t)length) != 0))
        word = word->next;
    if (word == NULL) {
        word = malloc(sizeof(*word) + (size_t)length);
        if (word == NULL)
            out_of_memory();
        word->length = length;
        word->count = 0;
        memcpy(word->bytes, bytes, (size_t)length);
        word->next = *bucket;
        *bucket = word;
        table->word_count++;
    }
    word->count += count;
}

static void table_clear(struct table *table)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        while (table->buckets[i] != NULL) {
            struct word *word = table->buckets[i];

            table->buckets[i] = word->next;
            free(word);
        }
    }
    free(table->buckets);
    *table = (struct table){ 0 };
}

/* ------------------------------------------------------------------ the worker */

/* Letters and digits make words, and all bytes of characters beyond ASCII; "don't" is one word. */
static int is_word_byte(unsigned char c)
{
    return isalnum(c) || c >= 0x80 || c == '\'';
}

static void text_count(struct table *table, const char *text, int length)
{
    char word[WORD_MAX];
    int size = 0;

    for (int i = 0; i <= length; i++) {
        unsigned char c = i < length ? (unsigned char)text[i] : ' ';

        if (is_word_byte(c) && !(c == '\'' && size == 0)) {
            if (size < WORD_MAX)
                word[size++] = (char)(c < 0x80 ? tolower(c) : c);
            continue;
        }
        while (size > 0 && word[size - 1] == '\'')    /* a closing quote */
            size--;
        if (size > 0)
            table_add(table, word, size, 1);
        size = 0;
    }
}

static void counts_send(int master, const struct table *table)
{
    int count = (int)table->word_count;

    pvm_initsend(PvmDataDefault);
    pvm_pkint(&count, 1, 1);
    for (size_t i = 0; i < table->bucket_count; i++) {
        for (const struct word *word = table->buckets[i]; word != NULL; word = word->next) {
            pvm_pkint(&word->length, 1, 1);
            pvm_pkbyte(word->bytes, word->length, 1);
            pvm_pklong(&word->count, 1, 1);
        }
    }
    pvm_send(master, TAG_COUNTS);
}

static int work(int master)
{
    int bufid, bytes, tag, from, length;

    pvm_notify(PvmTaskExit, TAG_EXIT, 1, &master);    /* the master leaves when all is counted */
    while ((bufid = pvm_recv(-1, -1)) > 0 && pvm_bufinfo(bufid, &bytes, &tag, &from) == PvmOk && tag == TAG_PIECE) {
        struct table table = { 0 };

        pvm_upkint(&length, 1, 1);
        char *text = malloc((size_t)length);
        if (text == NULL)
            out_of_memory();
        pvm_upkbyte(text, length, 1);
        text_count(&table, text, length);
        counts_send(master, &table);
        table_clear(&table);
        free(text);
    }
    return 0;
}

/* ------------------------------------------------------------------ reading */

struct reader {
    char **files;          /* those that are still to be read, NULL at the end */
    FILE *file;            /* open now, or NULL */
    int bad;               /* files that could not be read */
    char rest[PIECE_SIZE]; /* the begin of a word at the end of the last piece */
    int rest_length;
    long long bytes;       /* read so far */
};

static int file_open(struct reader *reader)
{
    const char *name = *reader->files++;

    reader->file = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
    if (reader->file != NULL)
        return 1;
    fprintf(stderr, "wordcount: cannot read %s: %s\n", name, strerror(errno));
    reader->bad++;
    return 0;
}

/* The file is at its end, or (a directory, a broken disk) cannot be read on. */
static void file_close(struct reader *reader)
{
    if (ferror(reader->file)) {
        fprintf(stderr, "wordcount: cannot read %s: %s\n", reader->files[-1], strerror(errno));
        reader->bad++;
    }
    if (reader->file != stdin)
        fclose(reader->file);
    reader->file = NULL;
}

/* Fills text with the next piece, which ends between two words. Returns its length, 0 at the very end. */
static int piece_read(struct reader *reader, char text[PIECE_SIZE])
{
    while (reader->file != NULL || *reader->files != NULL) {
        if (reader->file == NULL && !file_open(reader))
            continue;
        int length = reader->rest_length;
        memcpy(text, reader->rest, (size_t)length);
        size_t more = fread(text + length, 1, (size_t)(PIECE_SIZE - length), reader->file);
        reader->bytes += (long long)more;
        length += (int)more;
        reader->rest_length = 0;
        if (length < PIECE_SIZE) {
            file_close(reader);
        } else {
            int end = length;

            while (end > length - WORD_MAX && is_word_byte((unsigned char)text[end - 1]))
                end--;
            reader->rest_length = length - end;
            memcpy(reader->rest, text + end, (size_t)reader->rest_length);
            length = end;
        }
        if (length > 0)
            return length;
    }
    return 0;
}

/* ------------------------------------------------------------------ the master */

struct piece {
    char *text;
    int length;      /* 0: none */
};

struct worker {
    int tid;
    struct piece piece;    /* that it counts now */
};

struct master {
    struct reader reader;
    struct table table;
    struct worker *workers;
    int worker_count;
    struct piece *again;   /* pieces of workers that died */
    int again_count;
    int pieces_done;
};

/* The next piece of text: one that was lost with a worker, or a new one. */
static struct piece piece_next(struct master *master)
{
    struct piece piece = { 0 };

    if (master->again_count > 0)
        return master->again[--master->again_count];
    piece.text = malloc(PIECE_SIZE);
    if (piece.text == NULL)
        out_of_memory();
    piece.length = piece_read(&master->reader, piece.text);
    if (piece.length == 0) {
        free(piece.text);
        piece.text = NULL;
    }
    return piece;
}

/* Gives every worker that has nothing to do a piece. Returns how many of them count now. */
static int pieces_hand_out(struct master *master)
{
    int busy = 0;

    for (int i = 0; i < master->worker_count; i++) {
        struct worker *worker = &master->workers[i];

        if (worker->piece.length == 0) {
            worker->piece = piece_next(master);
            if (worker->piece.length == 0)
                continue;
            pvm_initsend(PvmDataDefault);
            pvm_pkint(&worker->piece.length, 1, 1);
            pvm_pkbyte(worker->piece.text, worker->piece.length, 1);
            pvm_send(worker->tid, TAG_PIECE);
        }
        busy++;
    }
    return busy;
}

static int worker_find(const struct master *master, int tid)
{
    for (int i = 0; i < master->worker_count; i++) {
        if (master->workers[i].tid == tid)
            return i;
    }
    return -1;
}

static void on_counts(struct master *master, int from)
{
    int i = worker_find(master, from);
    int count, length;
    long number;
    char word[WORD_MAX];

    if (i < 0)
        return;    /* it was given up, and its piece is counted by another */
    pvm_upkint(&count, 1, 1);
    while (count-- > 0 && pvm_upkint(&length, 1, 1) == PvmOk && length > 0 && length <= WORD_MAX) {
        pvm_upkbyte(word, length, 1);
        pvm_upklong(&number, 1, 1);
        table_add(&master->table, word, length, number);
    }
    free(master->workers[i].piece.text);
    master->workers[i].piece = (struct piece){ 0 };
    master->pieces_done++;
}

/* A worker has died: its piece goes to another. */
static int on_exit_notice(struct master *master)
{
    int tid;

    pvm_upkint(&tid, 1, 1);
    int i = worker_find(master, tid);
    if (i < 0)
        return 0;
    fprintf(stderr, "wordcount: worker t%x has died\n", (unsigned)tid);
    if (master->workers[i].piece.length > 0)
        master->again[master->again_count++] = master->workers[i].piece;
    master->workers[i] = master->workers[--master->worker_count];
    if (master->worker_count == 0)
        fprintf(stderr, "wordcount: no worker is left\n");
    return master->worker_count > 0 ? 0 : -1;
}

static int workers_start(struct master *master, int count, char *program)
{
    int hosts = 1;

    pvm_config(&hosts, NULL, NULL);
    if (count == 0)
        count = 2 * hosts;
    int *tids = calloc((size_t)count, sizeof(*tids));
    master->workers = calloc((size_t)count, sizeof(*master->workers));
    master->again = calloc((size_t)count, sizeof(*master->again));    /* each worker dies once, with one piece */
    if (tids == NULL || master->workers == NULL || master->again == NULL)
        out_of_memory();
    int started = pvm_spawn(basename(program), NULL, PvmTaskDefault, NULL, count, tids);
    if (started < count)
        fprintf(stderr, "wordcount: only %d of %d workers started: %s\n", started > 0 ? started : 0, count,
                pvm_errdetail());
    if (started > 0)
        pvm_notify(PvmTaskExit, TAG_EXIT, started, tids);
    for (int i = 0; i < started; i++)
        master->workers[master->worker_count++].tid = tids[i];
    free(tids);
    return started > 0 ? 0 : -1;
}

static int collect(struct master *master)
{
    int length, tag, from;

    while (pieces_hand_out(master) > 0) {
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "\r%d pieces counted, %.1f MB read ", master->pieces_done, master->reader.bytes / 1e6);
        int bufid = pvm_recv(-1, -1);
        if (bufid < 0 || pvm_bufinfo(bufid, &length, &tag, &from) < 0) {
            fprintf(stderr, "wordcount: the virtual machine has gone\n");
            return -1;
        }
        if (tag == TAG_COUNTS)
            on_counts(master, from);
        else if (tag == TAG_EXIT && on_exit_notice(master) < 0)
            return -1;
    }
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    return 0;
}

/* The most frequent first; equal ones by the alphabet. */
static int word_compare(const void *a, const void *b)
{
    const struct word *x = *(struct word *const *)a, *y = *(struct word *const *)b;
    int shorter = x->length < y->length ? x->length : y->length;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    int order = memcmp(x->bytes, y->bytes, (size_t)shorter);
    return order != 0 ? order : x->length - y->length;
}

static void top_print(const struct table *table, size_t top)
{
    struct word **words = calloc(table->word_count + 1, sizeof(*words));
    size_t count = 0;
    long long total = 0;

    if (words == NULL)
        out_of_memory();
    for (size_t i = 0; i < table->bucket_count; i++) {
        for (struct word *word = table->buckets[i]; word != NULL; word = word->next) {
            words[count++] = word;
            total += word->count;
        }
    }
    qsort(words, count, sizeof(*words), word_compare);
    for (size_t i = 0; i < count && i < top; i++)
        printf("%10ld %.*s\n", words[i]->count, words[i]->length, words[i]->bytes);
    printf("%lld words, %zu different ones\n", total, count);
    free(words);
}

static int command(struct master *master, int workers, int top, char *program)
{
    int rc = workers_start(master, workers, program);

    if (rc == 0)
        rc = collect(master);
    if (rc == 0) {
        top_print(&master->table, (size_t)top);
        if (master->reader.bad > 0)
            fprintf(stderr, "wordcount: %d of the files could not be read; their words are missing\n",
                    master->reader.bad);
    }
    for (int i = 0; i < master->worker_count; i++)
        free(master->workers[i].piece.text);
    for (int i = 0; i < master->again_count; i++)
        free(master->again[i].text);
    table_clear(&master->table);
    free(master->workers);
    free(master->again);
    return rc < 0 || master->reader.bad > 0 ? 1 : 0;
}

/* A whole number from min to max, and nothing else. */
static int number_read(const char *text, int min, int max, int *ret_number)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (*text == '\0' || *end != '\0' || number < min || number > max)
        return 0;
    *ret_number = (int)number;
    return 1;
}

int main(int argc, char **argv)
{
    static struct master master;    /* its reader is too large for a stack */
    int workers = 0, top = 10, option, parent, status;

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    while ((option = getopt(argc, argv, "n:t:")) != -1) {
        int good = option == 'n' ? number_read(optarg, 1, WORKERS_MAX, &workers)
                 : option == 't' ? number_read(optarg, 1, 1000000000, &top) : 0;

        if (!good && option != '?')
            fprintf(stderr, "wordcount: -%c cannot be \"%s\"\n", option, optarg);
        if (!good) {
            fputs(usage, stderr);
            return 2;
        }
    }
    pvm_setopt(PvmAutoErr, 0);
    if (pvm_mytid() < 0) {
        fprintf(stderr, "wordcount: there is no virtual machine; start one with: pvm\n");
        return 1;
    }
    parent = pvm_parent();
    if (parent > 0) {
        status = work(parent);
    } else if (optind == argc) {
        fputs(usage, stderr);
        status = 2;
    } else {
        master.reader.files = argv + optind;
        status = command(&master, workers, top, argv[0]);
    }
    pvm_exit();
    return status;
}

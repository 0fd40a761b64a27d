/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mandelbrot: a master hands out rows of a picture, workers compute them.
 *
 * What to learn here: one loop in the master that handles whatever message comes next. A row arrives: keep it,
 * hand out another. A worker has died: its rows are handed out again. A host has joined: start workers there.
 * No order of events is assumed, so there is none that breaks it.
 *
 *     ./mandelbrot -n 6 -o picture.png
 *
 * The same program is the worker: a copy that was spawned has a parent.
 */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <png.h>
#include <pvm3.h>

/* Messages */
enum {
    TAG_VIEW = 1,    /* master to worker: what picture it is */
    TAG_ROW,         /* master to worker: number of a row to compute */
    TAG_DONE,        /* worker to master: number of the row, and its pixels */
    TAG_EXIT,        /* notice: a task has ended */
    TAG_HOST,        /* notice: hosts have joined */
};

#define ROWS_AHEAD 2       /* rows that a worker has: one in work, one so that it need not wait */
#define DEATHS_MAX 1000    /* so many workers may die before we give up */
#define WORKERS_MAX 1000   /* a slip of the finger should not bring a computer down */

struct view {
    int width;             /* pixels */
    int height;
    int iterations;
    int samples;           /* each pixel is the mean of samples x samples points */
    double x, y;           /* the middle */
    double extent;         /* of the width, in the complex plane */
};

static const char usage[] =
    "usage: mandelbrot [options]\n"
    "  -n WORKERS   workers at the start (2 for each host); each host that joins later gets 2 more\n"
    "  -s WxH       size in pixels (1200x800)\n"
    "  -c X,Y       middle of the picture (-0.65,0)\n"
    "  -w WIDTH     width of the picture in the complex plane (3.6); a good one: -c -0.743643,0.131826 -w 0.0016\n"
    "  -i COUNT     iterations (1000)\n"
    "  -a COUNT     COUNT x COUNT points for each pixel, for smooth edges (2)\n"
    "  -o FILE      the picture (mandelbrot.png)\n";

/* ------------------------------------------------------------------ the worker */

/* Colours that the escape times run through again and again, with smooth steps between them. */
static void colour(double t, double rgb[3])
{
    static const double stops[][4] = {    /* place, red, green, blue */
        { 0.0000, 0, 7, 100 }, { 0.1600, 32, 107, 203 }, { 0.4200, 237, 255, 255 },
        { 0.6425, 255, 170, 0 }, { 0.8575, 60, 10, 5 }, { 1.0000, 0, 7, 100 },
    };
    int i = 0;

    t -= floor(t);
    while (t > stops[i + 1][0])
        i++;
    double part = (t - stops[i][0]) / (stops[i + 1][0] - stops[i][0]);
    part = part * part * (3 - 2 * part);
    for (int k = 0; k < 3; k++)
        rgb[k] = stops[i][k + 1] + part * (stops[i + 1][k + 1] - stops[i][k + 1]);
}

/* Adds the colour of the point (cx, cy): z = z*z + c until it escapes; points that do not are black. */
static void sample(const struct view *view, double cx, double cy, double sum[3])
{
    double x = 0, y = 0, rgb[3];
    double q = (cx - 0.25) * (cx - 0.25) + cy * cy;
    int n = 0;

    /* The heart and the disc left of it are known not to escape: half of the whole set for nothing. */
    if (q * (q + cx - 0.25) <= 0.25 * cy * cy || (cx + 1) * (cx + 1) + cy * cy <= 0.0625)
        return;
    while (n < view->iterations && x * x + y * y < 65536) {
        double next = x * x - y * y + cx;

        y = 2 * x * y + cy;
        x = next;
        n++;
    }
    if (n == view->iterations)
        return;
    double smooth = n + 1 - log2(log2(x * x + y * y) / 2);    /* no bands: a fraction of a step */
    colour(0.32 * log2(smooth + 1) - 0.45, rgb);
    for (int k = 0; k < 3; k++)
        sum[k] += rgb[k];
}

static void row_compute(const struct view *view, int row, unsigned char *pixels)
{
    double step = view->extent / (view->width * view->samples);
    double left = view->x - view->extent / 2;
    double top = view->y + step * view->samples * view->height / 2;
    int points = view->samples * view->samples;

    for (int column = 0; column < view->width; column++) {
        double sum[3] = { 0, 0, 0 };

        for (int i = 0; i < points; i++)
            sample(view, left + (column * view->samples + i % view->samples + 0.5) * step,
                   top - (row * view->samples + i / view->samples + 0.5) * step, sum);
        for (int k = 0; k < 3; k++)
            pixels[3 * column + k] = (unsigned char)(sum[k] / points + 0.5);
    }
}

static int work(int master)
{
    struct view view = { 0 };
    unsigned char *pixels = NULL;
    int bufid, length, tag, from, row;

    pvm_notify(PvmTaskExit, TAG_EXIT, 1, &master);    /* this is also how the master says that all is done */
    while ((bufid = pvm_recv(-1, -1)) > 0 && pvm_bufinfo(bufid, &length, &tag, &from) == PvmOk) {
        if (tag == TAG_VIEW) {
            pvm_upkint(&view.width, 4, 1);    /* the four ints and the three doubles of struct view */
            pvm_upkdouble(&view.x, 3, 1);
            pixels = realloc(pixels, (size_t)view.width * 3);
        } else if (tag == TAG_ROW && pixels != NULL) {
            pvm_upkint(&row, 1, 1);
            row_compute(&view, row, pixels);
            pvm_initsend(PvmDataDefault);
            pvm_pkint(&row, 1, 1);
            pvm_pkbyte((char *)pixels, view.width * 3, 1);
            pvm_send(master, TAG_DONE);
        } else {
            break;    /* the master has gone, or there is no memory */
        }
    }
    free(pixels);
    return 0;
}

/* ------------------------------------------------------------------ the master */

enum { ROW_WAITING = 0, ROW_DONE = -1 };    /* else: tid of the worker that has it */

struct worker {
    int tid;
    int rows;    /* that it has */
};

struct master {
    struct view view;
    const char *program;
    unsigned char *pixels;
    int *rows;               /* of each row: where it is */
    int done;
    struct worker *workers;
    int worker_count;
    int deaths;
    double start;
};

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

/* A bar on a terminal; else a line for each quarter. */
static void progress(const struct master *master)
{
    static int shown = -1;
    int percent = (int)(100.0 * master->done / master->view.height);

    if (percent == shown)
        return;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r[%-40.*s] %3d %%  %d workers %s", percent * 2 / 5,
                "########################################", percent, master->worker_count,
                percent == 100 ? "\n" : "");
    else if (percent / 25 != shown / 25)
        fprintf(stderr, "mandelbrot: %d %%, %d workers\n", percent, master->worker_count);
    shown = percent;
}

static struct worker *worker_find(struct master *master, int tid)
{
    for (int i = 0; i < master->worker_count; i++) {
        if (master->workers[i].tid == tid)
            return &master->workers[i];
    }
    return NULL;
}

/* Gives rows that wait to workers that have too few. The scan for a row is short work next to computing one. */
static void rows_hand_out(struct master *master)
{
    int row = 0;

    for (int ahead = 1; ahead <= ROWS_AHEAD; ahead++) {    /* one for each before there are two for any */
        for (int i = 0; i < master->worker_count; i++) {
            struct worker *worker = &master->workers[i];

            while (row < master->view.height && master->rows[row] != ROW_WAITING)
                row++;
            if (row == master->view.height)
                return;
            if (worker->rows >= ahead)
                continue;
            master->rows[row] = worker->tid;
            worker->rows++;
            pvm_initsend(PvmDataDefault);
            pvm_pkint(&row, 1, 1);
            pvm_send(worker->tid, TAG_ROW);
        }
    }
}

/* Starts count workers, on host or (NULL) anywhere. Returns how many there are of them. */
static int workers_start(struct master *master, const char *host, int count)
{
    int *tids = calloc((size_t)count, sizeof(*tids));
    struct worker *grown = realloc(master->workers, (size_t)(master->worker_count + count) * sizeof(*grown));

    if (grown != NULL)
        master->workers = grown;
    if (tids == NULL || grown == NULL) {
        free(tids);
        return 0;
    }
    int started = pvm_spawn(master->program, NULL, host != NULL ? PvmTaskHost : PvmTaskDefault, host, count, tids);
    if (started < count)
        fprintf(stderr, "mandelbrot: only %d of %d workers started: %s\n", started > 0 ? started : 0, count,
                pvm_errdetail());
    if (started > 0) {
        pvm_notify(PvmTaskExit, TAG_EXIT, started, tids);    /* a message for each that ends */
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&master->view.width, 4, 1);
        pvm_pkdouble(&master->view.x, 3, 1);
        pvm_mcast(tids, started, TAG_VIEW);
    }
    for (int i = 0; i < started; i++)
        master->workers[master->worker_count++] = (struct worker){ .tid = tids[i] };
    free(tids);
    return started > 0 ? started : 0;
}

/* A row has come. It may come twice, if its worker was given up too early: it is the same picture anyway. */
static void on_done(struct master *master, int from)
{
    struct worker *worker = worker_find(master, from);
    int row;

    if (pvm_upkint(&row, 1, 1) < 0 || row < 0 || row >= master->view.height)
        return;
    pvm_upkbyte((char *)master->pixels + (size_t)row * master->view.width * 3, master->view.width * 3, 1);
    if (master->rows[row] != ROW_DONE)
        master->done++;
    master->rows[row] = ROW_DONE;
    if (worker != NULL)
        worker->rows--;
}

/* A worker has died: its rows wait again. */
static int on_exit_notice(struct master *master)
{
    int tid;

    pvm_upkint(&tid, 1, 1);
    struct worker *worker = worker_find(master, tid);
    if (worker == NULL)
        return 0;
    *worker = master->workers[--master->worker_count];
    for (int row = 0; row < master->view.height; row++) {
        if (master->rows[row] == tid)
            master->rows[row] = ROW_WAITING;
    }
    fprintf(stderr, "%smandelbrot: worker t%x has died; its rows go to others\n",
            isatty(STDERR_FILENO) ? "\r\033[K" : "", (unsigned)tid);
    if (++master->deaths > DEATHS_MAX || (master->worker_count == 0 && workers_start(master, NULL, 1) == 0)) {
        fprintf(stderr, "mandelbrot: no workers are left, and no new ones start\n");
        return -1;
    }
    return 0;
}

/* Hosts have joined: the notice has their number and tids. */
static void on_host_notice(struct master *master)
{
    int count, tid, host_count;
    struct pvmhostinfo *hosts;

    pvm_upkint(&count, 1, 1);
    while (count-- > 0 && pvm_upkint(&tid, 1, 1) == PvmOk) {
        if (pvm_config(&host_count, NULL, &hosts) < 0)
            return;
        for (int i = 0; i < host_count; i++) {
            if (hosts[i].hi_tid == tid) {
                workers_start(master, hosts[i].hi_name, 2);
                break;
            }
        }
    }
}

/* Until all rows are there. */
static int collect(struct master *master)
{
    int length, tag, from;

    while (master->done < master->view.height) {
        rows_hand_out(master);
        progress(master);
        int bufid = pvm_recv(-1, -1);
        if (bufid < 0 || pvm_bufinfo(bufid, &length, &tag, &from) < 0) {
            fprintf(stderr, "mandelbrot: the virtual machine has gone: %s\n", pvm_errdetail());
            return -1;
        }
        if (tag == TAG_DONE)
            on_done(master, from);
        else if (tag == TAG_HOST)
            on_host_notice(master);
        else if (tag == TAG_EXIT && on_exit_notice(master) < 0)
            return -1;
    }
    progress(master);
    return 0;
}

static int picture_write(const struct master *master, const char *file)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION,
        .width = (png_uint_32)master->view.width,
        .height = (png_uint_32)master->view.height,
        .format = PNG_FORMAT_RGB,
    };

    FILE *out = fopen(file, "wb");
    int good = out != NULL && png_image_write_to_stdio(&image, out, 0, master->pixels, 0, NULL);
    if (out != NULL && fclose(out) != 0)
        good = 0;
    if (!good) {
        fprintf(stderr, "mandelbrot: cannot write %s: %s\n", file,
                image.message[0] != '\0' ? image.message : strerror(errno));
        return -1;
    }
    printf("%s: %d x %d pixels by %d worker%s in %.1f s\n", file, master->view.width, master->view.height,
           master->worker_count, master->worker_count == 1 ? "" : "s", seconds() - master->start);
    return 0;
}

/* Says now, and not after an hour's work, that the picture cannot be written. */
static int file_check(const char *name)
{
    FILE *file = fopen(name, "ab");

    if (file == NULL) {
        fprintf(stderr, "mandelbrot: cannot write %s: %s\n", name, strerror(errno));
        return -1;
    }
    fclose(file);
    return 0;
}

static int command(struct master *master, int workers, const char *file)
{
    int hosts = 1;
    size_t bytes = (size_t)master->view.width * (size_t)master->view.height * 3;

    master->start = seconds();
    master->pixels = malloc(bytes);
    master->rows = calloc((size_t)master->view.height, sizeof(*master->rows));
    if (master->pixels == NULL || master->rows == NULL) {
        fprintf(stderr, "mandelbrot: no memory for %zu bytes of picture\n", bytes);
        return -1;
    }
    if (file_check(file) < 0)
        return -1;
    pvm_notify(PvmHostAdd, TAG_HOST, -1, NULL);    /* tell of every host that joins from now on */
    pvm_config(&hosts, NULL, NULL);
    if (workers_start(master, NULL, workers > 0 ? workers : 2 * hosts) == 0)
        return -1;
    if (collect(master) < 0)
        return -1;
    return picture_write(master, file);
}

/* ------------------------------------------------------------------ options */

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

static int options_read(int argc, char **argv, struct view *view, int *workers, const char **file)
{
    int option;
    char rest;

    *view = (struct view){ 1200, 800, 1000, 2, -0.65, 0, 3.6 };
    while ((option = getopt(argc, argv, "n:s:c:w:i:a:o:")) != -1) {
        int good = 1;

        if (option == 'n')
            good = number_read(optarg, 1, WORKERS_MAX, workers);
        else if (option == 's')
            good = sscanf(optarg, "%dx%d%c", &view->width, &view->height, &rest) == 2;
        else if (option == 'c')
            good = sscanf(optarg, "%lf,%lf%c", &view->x, &view->y, &rest) == 2;
        else if (option == 'w')
            good = sscanf(optarg, "%lf%c", &view->extent, &rest) == 1 && view->extent > 0 && view->extent < 1e6;
        else if (option == 'i')
            good = number_read(optarg, 1, 1000000000, &view->iterations);
        else if (option == 'a')
            good = number_read(optarg, 1, 16, &view->samples);
        else if (option == 'o')
            *file = optarg;
        else
            return -1;
        if (!good) {
            fprintf(stderr, "mandelbrot: -%c cannot be \"%s\"\n", option, optarg);
            return -1;
        }
    }
    if (view->width < 1 || view->width > 65535 || view->height < 1 || view->height > 65535) {
        fprintf(stderr, "mandelbrot: a picture has 1 to 65535 pixels each way\n");
        return -1;
    }
    return optind < argc ? -1 : 0;
}

int main(int argc, char **argv)
{
    struct master master = { .program = basename(argv[0]) };
    const char *file = "mandelbrot.png";
    int workers = 0;

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (options_read(argc, argv, &master.view, &workers, &file) < 0) {
        fputs(usage, stderr);
        return 2;
    }
    pvm_setopt(PvmAutoErr, 0);
    if (pvm_mytid() < 0) {
        fprintf(stderr, "mandelbrot: there is no virtual machine; start one with: pvm\n");
        return 1;
    }
    int parent = pvm_parent();
    int rc = parent > 0 ? work(parent) : command(&master, workers, file);
    pvm_exit();    /* the workers are told of it, and end */
    free(master.workers);
    free(master.rows);
    free(master.pixels);
    return rc < 0 ? 1 : 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * heat: how warmth spreads over a plate, computed by several tasks, each with a strip of rows.
 *
 * In a step the new temperature of a point follows from its own and those of its four neighbours. For its first
 * and last row a task needs a row of the task above and of the task below: before each step neighbours send each
 * other copies of these rows, the halo. Here every message is expected from one task with one tag, so that
 * nobody can run ahead of its neighbours by more than a step, and no barrier is needed.
 *
 *     ./heat -n 6 -p photo.png -o frames
 *
 * The master (started by hand) cuts the plate, collects the strips for each frame, and at the end computes all
 * by itself: both answers have to agree. The same program, spawned, is the worker.
 */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <png.h>
#include <pvm3.h>

/* Messages */
enum {
    TAG_SETUP = 1,    /* master to worker: its place and its strip */
    TAG_HALO_DOWN,    /* a row for the worker below */
    TAG_HALO_UP,      /* a row for the worker above */
    TAG_STRIP,        /* worker to master: its strip, for a frame */
    TAG_EXIT,         /* notice: a task has ended */
};

#define SPREAD 0.2            /* part of a difference that flows in a step; above 0.25 the scheme is not stable */
#define DIFFERENCE_MAX 1e-12
#define TASKS_MAX 1000        /* a slip of the finger should not bring a computer down */

static const char usage[] =
    "usage: heat [options]\n"
    "  -n TASKS    tasks, each with a strip of the plate (2 for each host)\n"
    "  -p FILE     a PNG picture to start from: bright is hot (else a built-in one)\n"
    "  -s WxH      size of the built-in picture (480x320)\n"
    "  -t STEPS    time steps (2000)\n"
    "  -f FRAMES   pictures to write besides the first (10)\n"
    "  -o DIR      where to: DIR/frame_0000.png ... (frames)\n";

/* ------------------------------------------------------------------ the physics */

/*
 * One step for count rows of width points. from and to have a row more above and below: the halo. No heat leaves
 * the plate: at its sides a point takes itself for the missing neighbour.
 */
static void step(const double *from, double *to, int width, int count)
{
    for (int row = 1; row <= count; row++) {
        const double *here = from + (size_t)row * width;

        for (int x = 0; x < width; x++) {
            double left = here[x > 0 ? x - 1 : x];
            double right = here[x < width - 1 ? x + 1 : x];

            to[(size_t)row * width + x] =
                here[x] + SPREAD * (left + right + here[x - width] + here[x + width] - 4 * here[x]);
        }
    }
}

/* The upper and lower side of the plate: the halo is a copy of the row itself. */
static void close_above(double *strip, int width)
{
    memcpy(strip, strip + width, (size_t)width * sizeof(*strip));
}

static void close_below(double *strip, int width, int count)
{
    memcpy(strip + (size_t)(count + 1) * width, strip + (size_t)count * width, (size_t)width * sizeof(*strip));
}

static void swap(double **a, double **b)
{
    double *other = *a;

    *a = *b;
    *b = other;
}

/* ------------------------------------------------------------------ the worker */

/* Waits for a message from task tid. If the master goes meanwhile there is nothing left to work for. */
static void wait_for(int tid, int tag)
{
    for (;;) {
        struct timeval second = { 1, 0 };
        int bufid = pvm_trecv(tid, tag, &second);

        if (bufid > 0)
            return;
        if (bufid < 0 || pvm_probe(-1, TAG_EXIT) > 0) {
            pvm_exit();
            exit(1);
        }
    }
}

static void row_send(int tid, int tag, const double *row, int width)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkdouble(row, width, 1);
    pvm_send(tid, tag);
}

/* Gives the neighbours (0: none) what they need, and takes what they give. */
static void halo_exchange(int above, int below, double *strip, int width, int count)
{
    double *last = strip + (size_t)count * width;

    if (above != 0)
        row_send(above, TAG_HALO_UP, strip + width, width);
    if (below != 0)
        row_send(below, TAG_HALO_DOWN, last, width);

    if (above != 0) {
        wait_for(above, TAG_HALO_DOWN);
        pvm_upkdouble(strip, width, 1);
    } else {
        close_above(strip, width);
    }
    if (below != 0) {
        wait_for(below, TAG_HALO_UP);
        pvm_upkdouble(last + width, width, 1);
    } else {
        close_below(strip, width, count);
    }
}

struct setup {
    int above, below;       /* tids of the neighbours, 0 for none */
    int width, count;       /* of the strip, without its halo */
    int steps, frames;
};

/* The steps after which frame number i is due. */
static int frame_step(int steps, int frames, int i)
{
    return (int)((long)steps * i / frames);
}

static int work(int master)
{
    struct setup setup;

    pvm_notify(PvmTaskExit, TAG_EXIT, 1, &master);
    wait_for(master, TAG_SETUP);
    pvm_upkint(&setup.above, 6, 1);    /* all of struct setup */
    size_t points = (size_t)setup.width * (size_t)(setup.count + 2);
    double *now = calloc(points, sizeof(*now));
    double *next = calloc(points, sizeof(*next));
    if (now == NULL || next == NULL)
        return 1;
    pvm_upkdouble(now + setup.width, setup.width * setup.count, 1);

    for (int i = 1, done = 0; i <= setup.frames; i++) {
        for (; done < frame_step(setup.steps, setup.frames, i); done++) {
            halo_exchange(setup.above, setup.below, now, setup.width, setup.count);
            step(now, next, setup.width, setup.count);
            swap(&now, &next);
        }
        row_send(master, TAG_STRIP, now + setup.width, setup.width * setup.count);
    }
    pvm_recv(-1, TAG_EXIT);    /* stay until the master leaves: an earlier end would look like a death */
    free(now);
    free(next);
    return 0;
}

/* ------------------------------------------------------------------ pictures */

/* Temperatures 0 to 1 as colours: black, violet, red, orange, pale yellow. */
static void colour(double t, unsigned char rgb[3])
{
    static const unsigned char stops[][3] = {
        { 0, 0, 4 }, { 31, 12, 72 }, { 85, 15, 109 }, { 136, 34, 106 }, { 186, 54, 85 },
        { 227, 89, 51 }, { 249, 140, 10 }, { 249, 201, 50 }, { 252, 255, 164 },
    };
    double place = t <= 0 ? 0 : t >= 1 ? 8 : t * 8;
    int i = place < 8 ? (int)place : 7;

    for (int k = 0; k < 3; k++)
        rgb[k] = (unsigned char)(stops[i][k] + (place - i) * (stops[i + 1][k] - stops[i][k]) + 0.5);
}

static int frame_write(const char *directory, int number, const double *plate, int width, int height)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION,
        .width = (png_uint_32)width,
        .height = (png_uint_32)height,
        .format = PNG_FORMAT_RGB,
    };
    char path[4096];
    size_t points = (size_t)width * height;
    unsigned char *pixels = malloc(points * 3);

    if (pixels == NULL)
        return -1;
    for (size_t i = 0; i < points; i++)
        colour(plate[i], pixels + 3 * i);
    snprintf(path, sizeof(path), "%s/frame_%04d.png", directory, number);
    FILE *file = fopen(path, "wb");
    int good = file != NULL && png_image_write_to_stdio(&image, file, 0, pixels, 0, NULL);
    if (file != NULL && fclose(file) != 0)
        good = 0;
    free(pixels);
    if (!good)
        fprintf(stderr, "heat: cannot write %s: %s\n", path,
                image.message[0] != '\0' ? image.message : strerror(errno));
    return good ? 0 : -1;
}

/* The user's picture: its brightness is the temperature. */
static double *picture_read(const char *file, int *ret_width, int *ret_height)
{
    png_image image = { .version = PNG_IMAGE_VERSION };
    unsigned char *pixels = NULL;
    double *plate = NULL;

    if (png_image_begin_read_from_file(&image, file)) {
        image.format = PNG_FORMAT_GRAY;
        pixels = malloc(PNG_IMAGE_SIZE(image));
        if (pixels != NULL && png_image_finish_read(&image, NULL, pixels, 0, NULL))
            plate = malloc((size_t)image.width * image.height * sizeof(*plate));
    }
    if (plate == NULL) {
        fprintf(stderr, "heat: cannot read %s: %s\n", file, image.message[0] != '\0' ? image.message : "no memory");
        png_image_free(&image);
        free(pixels);
        return NULL;
    }
    *ret_width = (int)image.width;
    *ret_height = (int)image.height;
    for (size_t i = 0; i < (size_t)image.width * image.height; i++)
        plate[i] = pixels[i] / 255.0;
    free(pixels);
    return plate;
}

/* The built-in picture: three glowing letters in a warm ring, on a cold plate. */
static double *picture_make(int width, int height)
{
    static const char *const letters[7] = {
        "####. #...# #...#", "#...# #...# ##.##", "#...# #...# #.#.#", "####. #...# #.#.#",
        "#.... .#.#. #...#", "#.... .#.#. #...#", "#.... ..#.. #...#",
    };
    double *plate = malloc((size_t)width * height * sizeof(*plate));

    for (int y = 0; plate != NULL && y < height; y++) {
        for (int x = 0; x < width; x++) {
            double u = (x + 0.5) / width * 2 - 1, v = (y + 0.5) / height * 2 - 1;
            double radius = hypot(u, v);
            int column = (int)floor((u + 0.55) / 1.1 * 17), row = (int)floor((v + 0.35) / 0.7 * 7);
            int letter = column >= 0 && column < 17 && row >= 0 && row < 7 && letters[row][column] == '#';

            plate[(size_t)y * width + x] = letter ? 1.0 : radius > 0.78 && radius < 0.92 ? 0.8 : 0.03;
        }
    }
    return plate;
}

/* ------------------------------------------------------------------ the master */

struct job {
    int tasks, steps, frames;
    int width, height;
    const char *picture;      /* or NULL */
    const char *directory;
    double *plate;            /* as of the last frame */
    int *tids;
};

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

/* The first row of strip i; strip tasks begins where the plate ends. */
static int strip_first(const struct job *job, int i)
{
    return (int)((long)job->height * i / job->tasks);
}

static void strips_send(const struct job *job)
{
    for (int i = 0; i < job->tasks; i++) {
        int first = strip_first(job, i);
        int count = strip_first(job, i + 1) - first;
        struct setup setup = {
            .above = i > 0 ? job->tids[i - 1] : 0,
            .below = i < job->tasks - 1 ? job->tids[i + 1] : 0,
            .width = job->width,
            .count = count,
            .steps = job->steps,
            .frames = job->frames,
        };

        pvm_initsend(PvmDataDefault);
        pvm_pkint(&setup.above, 6, 1);
        pvm_pkdouble(job->plate + (size_t)first * job->width, job->width * count, 1);
        pvm_send(job->tids[i], TAG_SETUP);
    }
}

/* Puts the strips of one frame into the plate. A worker that has died cannot be replaced: its strip is lost. */
static int strips_collect(struct job *job)
{
    for (int i = 0; i < job->tasks; i++) {
        int first = strip_first(job, i);

        for (;;) {
            struct timeval second = { 1, 0 };
            int bufid = pvm_trecv(job->tids[i], TAG_STRIP, &second);

            if (bufid > 0)
                break;
            if (bufid < 0) {
                fprintf(stderr, "heat: the virtual machine has gone: %s\n", pvm_errdetail());
                return -1;
            }
            if (pvm_nrecv(-1, TAG_EXIT) > 0) {
                int tid = 0;

                pvm_upkint(&tid, 1, 1);
                fprintf(stderr, "heat: task t%x has died, and with it its strip of the plate: start again\n",
                        (unsigned)tid);
                return -1;
            }
        }
        pvm_upkdouble(job->plate + (size_t)first * job->width,
                      job->width * (strip_first(job, i + 1) - first), 1);
    }
    return 0;
}

static void progress(const struct job *job, int frame)
{
    int percent = 100 * frame / job->frames;

    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r[%-40.*s] %3d %%  frame %d of %d %s", percent * 2 / 5,
                "########################################", percent, frame, job->frames,
                frame == job->frames ? "\n" : "");
    else
        fprintf(stderr, "heat: frame %d of %d\n", frame, job->frames);
}

static int tasks_start(struct job *job, char *program)
{
    int hosts = 1;

    pvm_config(&hosts, NULL, NULL);
    if (job->tasks == 0)
        job->tasks = 2 * hosts;
    if (job->tasks > job->height)
        job->tasks = job->height;
    job->tids = calloc((size_t)job->tasks, sizeof(*job->tids));
    if (job->tids == NULL)
        return -1;
    int started = pvm_spawn(basename(program), NULL, PvmTaskDefault, NULL, job->tasks, job->tids);
    if (started < job->tasks) {
        fprintf(stderr, "heat: only %d of %d tasks started: %s\n", started > 0 ? started : 0, job->tasks,
                pvm_errdetail());
        return -1;
    }
    pvm_notify(PvmTaskExit, TAG_EXIT, job->tasks, job->tids);
    return 0;
}

/* The same steps without any other task. Returns the largest difference to what the tasks say. */
static double serial_difference(const struct job *job, double *start)
{
    size_t row = (size_t)job->width, points = row * (size_t)(job->height + 2);
    double *now = calloc(points, sizeof(*now)), *next = calloc(points, sizeof(*next));
    double largest = 0;

    if (now == NULL || next == NULL)
        return INFINITY;
    memcpy(now + row, start, row * job->height * sizeof(*now));
    for (int i = 0; i < job->steps; i++) {
        close_above(now, job->width);
        close_below(now, job->width, job->height);
        step(now, next, job->width, job->height);
        swap(&now, &next);
    }
    for (size_t i = 0; i < row * job->height; i++) {
        double difference = fabs(now[row + i] - job->plate[i]);

        if (!(difference <= largest))    /* also when it is not a number */
            largest = difference;
    }
    free(now);
    free(next);
    return largest;
}

static int frames_make(struct job *job)
{
    if (frame_write(job->directory, 0, job->plate, job->width, job->height) < 0)
        return -1;
    for (int i = 1; i <= job->frames; i++) {
        if (strips_collect(job) < 0 || frame_write(job->directory, i, job->plate, job->width, job->height) < 0)
            return -1;
        progress(job, i);
    }
    return 0;
}

static int command(struct job *job, char *program)
{
    double start_time = seconds();

    job->plate = job->picture != NULL ? picture_read(job->picture, &job->width, &job->height)
                                      : picture_make(job->width, job->height);
    if (job->plate == NULL)
        return -1;
    if (mkdir(job->directory, 0777) < 0 && errno != EEXIST) {
        fprintf(stderr, "heat: cannot make the directory %s: %s\n", job->directory, strerror(errno));
        return -1;
    }
    size_t bytes = (size_t)job->width * job->height * sizeof(double);
    double *start = malloc(bytes);
    if (start == NULL || tasks_start(job, program) < 0)
        return -1;
    memcpy(start, job->plate, bytes);
    strips_send(job);
    if (frames_make(job) < 0)
        return -1;

    double parallel_s = seconds() - start_time;
    double difference = serial_difference(job, start);
    free(start);
    printf("%s/frame_0000.png to frame_%04d.png: %d x %d points, %d steps by %d tasks in %.1f s\n",
           job->directory, job->frames, job->width, job->height, job->steps, job->tasks, parallel_s);
    printf("largest difference to the serial answer (%.1f s): %g\n", seconds() - start_time - parallel_s,
           difference);
    if (!(difference <= DIFFERENCE_MAX)) {
        fprintf(stderr, "heat: that is too much: %g is allowed\n", DIFFERENCE_MAX);
        return -1;
    }
    return 0;
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

static int options_read(int argc, char **argv, struct job *job)
{
    int option;
    char rest;

    while ((option = getopt(argc, argv, "n:p:s:t:f:o:")) != -1) {
        int good = 1;

        if (option == 'n')
            good = number_read(optarg, 1, TASKS_MAX, &job->tasks);
        else if (option == 'p')
            job->picture = optarg;
        else if (option == 's')
            good = sscanf(optarg, "%dx%d%c", &job->width, &job->height, &rest) == 2 && job->width > 0 &&
                   job->height > 0 && job->width <= 32768 && job->height <= 32768;
        else if (option == 't')
            good = number_read(optarg, 1, 1000000000, &job->steps);
        else if (option == 'f')
            good = number_read(optarg, 1, 9999, &job->frames);
        else if (option == 'o')
            job->directory = optarg;
        else
            return -1;
        if (!good) {
            fprintf(stderr, "heat: -%c cannot be \"%s\"\n", option, optarg);
            return -1;
        }
    }
    return optind < argc ? -1 : 0;
}

int main(int argc, char **argv)
{
    struct job job = { .steps = 2000, .frames = 10, .width = 480, .height = 320, .directory = "frames" };

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (options_read(argc, argv, &job) < 0) {
        fputs(usage, stderr);
        return 2;
    }
    pvm_setopt(PvmAutoErr, 0);
    if (pvm_mytid() < 0) {
        fprintf(stderr, "heat: there is no virtual machine; start one with: pvm\n");
        return 1;
    }
    int parent = pvm_parent();
    int rc = parent > 0 ? work(parent) : command(&job, argv[0]);
    pvm_exit();    /* this is what lets the workers go */
    free(job.plate);
    free(job.tids);
    return rc < 0 ? 1 : rc;
}

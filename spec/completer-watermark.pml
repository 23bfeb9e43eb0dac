/* Why the completer checks every waiting order, and keeps no watermark over ids (completer.ts: askAgain).
 *
 * Ids are UUIDv7: a process generates one by its own clock before it commits A, so an order may become visible below ids
 * that are decided already. The rest of the protocol is left out: an order is placed, its process dies, and only the
 * completer can decide it.
 *   as built        every waiting order is checked (in the code, a partial index finds them)
 *   -DM_WATERMARK   the completer skips all ids that are visible and decided, and never checks lower ids again
 *   -DLAG           … but stays BOUND behind the database's clock: correct only while BEHIND is not larger
 */
#ifndef BEHIND
#define BEHIND 2                 /* how far an id may lie behind the database's clock when its order commits */
#endif
#ifndef BOUND
#define BOUND 1                  /* the distance that -DLAG assumes */
#endif
byte now = 1, watermark, id[2], state[2];        /* state: 0 not visible, 1 pending, 2 decided */
byte placed;

proctype Place(byte i) {
    atomic { id[i] = now };
    atomic { now <= id[i] + BEHIND -> state[i] = 1; placed++ }   /* A commits; then the process dies */
}

#define MAY_TICK(i) (state[i] != 0 || id[i] == 0 || now < id[i] + BEHIND)
active proctype Clock() {
end:
    do
    :: atomic { now < 5 && MAY_TICK(0) && MAY_TICK(1) -> now++ }
    od
}

#ifdef LAG
#define TOP (now > BOUND + 1 -> now - 1 - BOUND : 0)
#else
#define TOP (now - 1)
#endif
#ifdef M_WATERMARK
#define WAITS(i) (state[i] == 1 && id[i] > watermark)
#else
#define WAITS(i) (state[i] == 1)
#endif

active proctype Completer() {
    atomic { run Place(0); run Place(1) };
end:
    do
    :: atomic { WAITS(0) -> state[0] = 2 }
    :: atomic { WAITS(1) -> state[1] = 2 }
#ifdef M_WATERMARK
    :: atomic { !WAITS(0) && !WAITS(1) && TOP > watermark -> watermark = TOP }
#endif
    :: atomic { timeout -> assert(placed < 2 || (state[0] == 2 && state[1] == 2)); break }
    od
}

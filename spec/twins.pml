/* Twins of one request in one process, and one in another process, for one key (place-order.ts: createPlaceOrder).
 *
 * Each request has one of two payloads. The Map of running keys names the request that came last and found no claim; who
 * comes while it is there waits until it is known whether the key is that request's. A request ends with the answer of
 * its batch, or when its time is up; its batch (`Placing`) goes on, or hangs for ever.
 */
#ifndef TWINS
#define TWINS 3                 /* requests in this process */
#endif
#ifndef OTHERS
#define OTHERS 0                /* in another process: they meet nobody in the Map */
#endif
#define ALL_REQUESTS (TWINS + OTHERS)
#define NOBODY 9
/* isClaimed of an entry */
#define UNDECIDED 0
#define YES 1
#define NO 2
/* the state of a key; what happens after 202 is the other model's */
#define K_NONE 0
#define K_RUNNING 1
#define K_COMPLETED 2

byte open = ALL_REQUESTS, arrived;
byte entry = NOBODY;            /* what the Map has under the key */
byte isClaimed[ALL_REQUESTS];
bit  payload[ALL_REQUESTS], isAnswered[ALL_REQUESTS], isOver[ALL_REQUESTS];
byte key = K_NONE, token, orders;
bit  keyPayload, lease;

/* placement-batch.ts: placeBatch, as much of it as twins can see; onJudged is called once it is known whose the key is */
proctype Placing(byte me) {
    byte mine = 0;
    atomic { /* A */
        if
        :: key == K_NONE -> key = K_RUNNING; keyPayload = payload[me]; token = 1; lease = 1; mine = 1; orders++; assert(orders == 1)
        :: else -> skip
        fi };
    atomic { /* judgeLoser */
        if
        :: mine > 0 -> skip
        :: mine == 0 && key == K_RUNNING && keyPayload == payload[me] && !lease -> token++; lease = 1; mine = token
        :: else -> isAnswered[me] = 1; goto over    /* replayed, 202, 409 or 422 */
        fi };
    atomic { if :: isClaimed[me] == UNDECIDED -> isClaimed[me] = YES :: else -> skip fi };
    if
    :: goto hung
    :: atomic { if :: key == K_RUNNING && token == mine -> key = K_COMPLETED; lease = 0 :: else -> skip fi; isAnswered[me] = 1 }
    fi;
over: skip;
hung: mine = 0
}

/* place-order.ts: onceAtATime, then place-order.ts: inTime */
proctype Request(byte me) {
    byte met = NOBODY;
    bit late = 0;

    atomic { /* it comes, and looks into the Map. They differ in nothing but their number, so they come in its order */
        arrived == me || me >= TWINS -> arrived = (me < TWINS -> arrived + 1 : arrived);
        if :: payload[me] = 0 :: payload[me] = 1 fi;
        if
        :: me >= TWINS || entry == NOBODY -> skip
        :: else -> met = entry; late = isOver[entry]
        fi;
        if :: me < TWINS && met == NOBODY -> entry = me :: else -> skip fi
    };
    if
    :: met == NOBODY -> skip
    :: else ->
        atomic {
#ifdef M_NO_WAIT
            isClaimed[met] != UNDECIDED || true ->
            if
            :: isClaimed[met] == NO -> entry = me
            :: else -> goto refused
            fi
#else
            isClaimed[met] != UNDECIDED ->
            if
            :: isClaimed[met] == NO -> entry = me
            :: isClaimed[met] == YES -> goto refused
            fi
#endif
        }
    fi;
    run Placing(me);
    atomic { /* the answer of its batch, or its time is up: 202 if the key is its own, else 503 */
#ifdef M_NO_TIME_LIMIT
        isAnswered[me];
#endif
        isOver[me] = 1; open--;
#ifndef M_CLAIM_LEFT_OPEN
        if :: isClaimed[me] == UNDECIDED -> isClaimed[me] = NO :: else -> skip fi;
#endif
#if defined(M_ENTRY_STAYS)
        skip
#elif defined(M_DELETES_ANY_ENTRY)
        if :: me < TWINS -> entry = NOBODY :: else -> skip fi
#else
        if :: entry == me -> entry = NOBODY :: else -> skip fi
#endif
    };
    goto done;
refused:
    atomic { /* 409 for the payload of the key, 422 for any other: by the payload of the entry that was met */
        assert(!late);                                  /* whoever it met was not answered yet when it came */
        assert(key != K_NONE && keyPayload == payload[met]);
        isOver[me] = 1; open--
    };
done: met = NOBODY
}

proctype Time() {
end:
    do
    :: atomic { key == K_RUNNING && lease -> lease = 0 }
    od
}

/* Open only when its claim is false: once all have their answers, the Map is empty. */
proctype Watch() {
end:
    atomic { open == 0 && entry != NOBODY -> assert(entry == NOBODY) }
}

init { atomic {
    byte i = 0;
    run Time(); run Watch();
    do :: i < ALL_REQUESTS -> run Request(i); i++ :: else -> break od } }

/* Twins of one request in one process, and one in another process, for one key (place-order.ts: createPlaceOrder).
 *
 * Each request has one of two payloads. The Map of running keys has the last request that found no claim; a request that
 * arrives meanwhile waits until it is known whether that request owns the key. A request ends with the response of its
 * batch, or at its time limit; its batch (`Placing`) continues, or hangs for ever.
 */
#ifndef TWINS
#define TWINS 3                 /* requests in this process */
#endif
#ifndef OTHERS
#define OTHERS 0                /* requests in another process, with a Map of its own */
#endif
#define ALL_REQUESTS (TWINS + OTHERS)
#define NOBODY 9
/* isClaimed of an entry */
#define UNDECIDED 0
#define YES 1
#define NO 2
/* the state of a key; the other model has what happens after 202 */
#define K_NONE 0
#define K_RUNNING 1
#define K_COMPLETED 2

byte open = ALL_REQUESTS, arrived;
byte entry = NOBODY;            /* the entry of the key in the Map */
byte isClaimed[ALL_REQUESTS];
bit  payload[ALL_REQUESTS], isAnswered[ALL_REQUESTS], isOver[ALL_REQUESTS];
byte key = K_NONE, token, orders;
bit  keyPayload, lease;

/* placement-batch.ts: placeBatch, as far as twins are affected; onJudged is called when the owner of the key is known */
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

    atomic { /* it arrives and reads the Map. Requests differ only in their number, so they arrive in that order */
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
    atomic { /* the response of its batch, or its time limit: 202 if it owns the key, otherwise 503 */
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
    atomic { /* 409 for the payload of the key, 422 for any other, by the payload of the Map entry */
        assert(!late);                                  /* the request in the Map was not answered yet when it arrived */
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

/* Enabled only if its claim is false: when all requests have a response, the Map is empty. */
proctype Watch() {
end:
    atomic { open == 0 && entry != NOBODY -> assert(entry == NOBODY) }
}

init { atomic {
    byte i = 0;
    run Time(); run Watch();
    do :: i < ALL_REQUESTS -> run Request(i); i++ :: else -> break od } }

/*
 * A prober that runs elsewhere: it listens for services that show a certificate of the right CA, and looks for them as
 * their own prober does, from where it stands (BR 3.2.2.9). See autocsr-prober(8).
 */
#ifndef PROBER_OUTPOST_H
#define PROBER_OUTPOST_H

/* Returns the exit status: 2 for wrong usage, 5 when it cannot start. */
int outpost_main(int argc, char **argv);

#endif

-- The routing table that `init` makes, where no table of one's own is configured: which cell serves which organization.
-- Every change raises the epoch, so that a compare-and-swap that read an older row fails (P7).
CREATE TABLE org_mover.route (
  organization text PRIMARY KEY,
  cell         text NOT NULL,
  epoch        bigint NOT NULL
);

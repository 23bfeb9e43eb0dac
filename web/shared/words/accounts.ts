/** Accounts: finding one, one with its orders, and who is staff. */
export const accountsWords = {
  title: { en: 'Accounts', de: 'Konten' },
  account: { en: 'Account', de: 'Konto' },
  findTitle: { en: 'Find an account', de: 'Ein Konto finden' },
  command: { en: 'command', de: 'Befehl' },
  find: { en: 'Find account', de: 'Konto finden' },
  mailOrId: { en: 'Mail address or account id', de: 'Mailadresse oder Konto-Id' },
  mailOrIdHint: {
    en: 'The mail address stays out of links and logs.',
    de: 'Die Mailadresse steht in keinem Link und in keinem Log.',
  },
  neither: {
    en: 'Enter a whole mail address, such as ada@example.org, or the id of an account.',
    de: 'Geben Sie eine ganze Mailadresse ein, wie ada@example.org, oder die Id eines Kontos.',
  },
  noneOfMail: {
    en: (email: string) => `No account has the mail address ${email}`,
    de: (email: string) => `Kein Konto hat die Mailadresse ${email}`,
  },
  noneOfMailText: {
    en: 'Customers of other clients, such as another shop, have no account here. The list of orders finds them by “Customer”.',
    de: 'Kunden anderer Clients, etwa eines anderen Shops, haben hier kein Konto. Die Bestellungen finden sie unter „Kunde“.',
  },
  noneOfId: { en: 'No account has this id', de: 'Kein Konto hat diese Id' },
  lookForAccount: { en: 'Look for an account with this id', de: 'Ein Konto mit dieser Id suchen' },
  facts: { en: 'Facts', de: 'Angaben' },
  id: { en: 'Id', de: 'Id' },
  email: { en: 'Mail address', de: 'Mailadresse' },
  name: { en: 'Name', de: 'Name' },
  language: { en: 'Language', de: 'Sprache' },
  roles: { en: 'Roles', de: 'Rollen' },
  since: { en: 'Since', de: 'Seit' },
  changed: { en: 'Changed', de: 'Geändert' },
  version: { en: 'Version', de: 'Version' },
  active: { en: 'active', de: 'aktiv' },
  unverified: { en: 'not verified', de: 'nicht bestätigt' },
  deleted: { en: 'deleted', de: 'gelöscht' },
  deletedAccount: { en: 'Deleted account', de: 'Gelöschtes Konto' },

  sayShopper: { en: 'A shopper.', de: 'Kundin oder Kunde.' },
  sayStaff: {
    en: (roles: string) => `A member of staff: ${roles}.`,
    de: (roles: string) => `Mitarbeitende: ${roles}.`,
  },
  sayInvited: {
    en: (roles: string) => `Invited as staff (${roles}); the invitation has not been accepted yet.`,
    de: (roles: string) => `Als Mitarbeitende eingeladen (${roles}); die Einladung ist noch nicht angenommen.`,
  },
  sayUnverified: {
    en: 'Signed up; the link in the mail has not been used yet, so nobody can sign in.',
    de: 'Registriert; der Link in der Mail ist noch nicht benutzt, also kann sich niemand anmelden.',
  },
  sayDeleted: {
    en: 'Deleted by the person. Nothing personal is left; the orders stay.',
    de: 'Von der Person gelöscht. Persönliches ist nicht mehr da; die Bestellungen bleiben.',
  },

  orders: { en: 'Orders', de: 'Bestellungen' },
  allOrders: { en: 'All orders', de: 'Alle Bestellungen' },
  noOrders: { en: 'No orders', de: 'Keine Bestellungen' },
  noOrdersText: {
    en: 'Orders that the person places in the shop appear here.',
    de: 'Bestellungen der Person im Shop erscheinen hier.',
  },

  moreStaff: { en: 'More', de: 'Weitere' },
  status: { en: 'Status', de: 'Status' },
  staff: { en: 'Staff', de: 'Mitarbeitende' },
  staffText: {
    en: 'People of staff are invited by a command, on the machine that runs the system. It prints a link that is valid for 7 days. Who has an account gets the roles at once.',
    de: 'Mitarbeitende lädt ein Befehl ein, auf der Maschine mit dem System. Er gibt einen Link aus, der 7 Tage gilt. Wer schon ein Konto hat, bekommt die Rollen sofort.',
  },
  inviteCommand: { en: 'Invite someone', de: 'Jemanden einladen' },
  removeCommand: { en: 'Take all roles away', de: 'Alle Rollen entziehen' },
} as const;

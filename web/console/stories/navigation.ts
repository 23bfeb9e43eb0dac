/** Of these pages, those in the navigation of a person with these roles. Pure. */
export function navigationOf<Entry extends { role?: string }, Page extends { navigation?: Entry }>(
  pages: readonly Page[],
  roles: readonly string[],
): (Page & { navigation: Entry })[] {
  return pages.filter((page): page is Page & { navigation: Entry } => {
    const { navigation } = page;
    return navigation !== undefined && (navigation.role === undefined || roles.includes(navigation.role));
  });
}

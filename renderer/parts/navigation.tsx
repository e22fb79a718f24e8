import { Badge } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { Icon } from './icons.tsx';

const PAGES = ['now', 'recordings', 'start', 'attention', 'settings'] as const;
type Page = (typeof PAGES)[number];
const PATHS: Record<Page, string> = {
  now: '/',
  recordings: '/recordings',
  start: '/start',
  attention: '/attention',
  settings: '/settings',
};

function isAt(page: Page, location: string): boolean {
  const path = PATHS[page];
  return page === 'now' ? location === path : location === path || location.startsWith(`${path}/`);
}

/** Where one can go. A column beside the page; on narrow windows a bar below it. @param blocked how many things need somebody */
export function Navigation({ blocked }: { blocked: number }) {
  const { t } = useTranslation();
  const [location] = useLocation();
  return (
    <nav className="nav" aria-label={t('app.navigation')}>
      <ul>
        {PAGES.map((page) => (
          <li key={page}>
            <Link href={PATHS[page]} className="nav-link" aria-current={isAt(page, location) ? 'page' : undefined}>
              <Icon name={page} />
              <span className="nav-word">{t(`nav.${page}`)}</span>
              {page === 'attention' && blocked > 0 && (
                <Badge
                  className="nav-count numbers"
                  color="red"
                  variant="solid"
                  radius="full"
                  aria-label={t('shell.needsYou', { count: blocked })}
                  role="img"
                >
                  {blocked > 99 ? '99+' : blocked}
                </Badge>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
